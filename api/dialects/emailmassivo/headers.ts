import { type Static, Type } from 'typebox';
import { type HeaderFault, headersFault, LONGEST_HEADER } from '../../../domain/mail/custom-headers.js';
import { parseMailbox, parseSender } from '../../../mail/address.js';
import { closed } from '../../schema/fields.js';

export const AnyName = Type.String({ pattern: '^[\\s\\S]*$' });
const Plain = Type.Union([Type.String({ maxLength: LONGEST_HEADER }), Type.Number(), Type.Boolean()]);
const HeaderValue = Type.Union([Plain, Type.Object({ prepared: Type.Optional(Type.Boolean()), value: Plain }, closed)]);
const Header = Type.Union([HeaderValue, Type.Array(HeaderValue, { minItems: 1, maxItems: 10 }), Type.Null()]);
/** All forms of the page that the document links to: by name, with one or more values, or a list of names and values. */
export const Headers = Type.Union([
  Type.Record(AnyName, Header, { maxProperties: 50 }),
  Type.Array(Type.Object({ key: AnyName, value: Header }, closed), { maxItems: 50 }),
  Type.Null(),
]);
/** Fields that Everpost sets are left out; those that a mail cannot carry are left out and reported. */
export function headersIn(given: Static<typeof Headers>) {
  const kept: Record<string, string | string[]> = {};
  const dropped: string[] = [];
  const fields = [...byName(given ?? {})];
  const replyTo = fields.filter(([name]) => isReplyTo(name)).map(([, values]) => replyToIn(values))[0];
  for (const [name, values] of fields) {
    if (replyTo !== undefined && isReplyTo(name)) continue;
    const fault = faultIn(name, values);
    if (fault === undefined) kept[name] = values.length === 1 ? values.join() : values;
    else if (fault !== 'ours') dropped.push(name);
  }
  return { kept, dropped, replyTo };
}

function isReplyTo(name: string): boolean {
  return name.toLowerCase() === 'reply-to';
}

function faultIn(name: string, values: readonly string[]): HeaderFault | undefined {
  return isReplyTo(name) && !areMailboxes(values) ? 'malformed' : headersFault(name, values, 'any');
}

/** A single mailbox of a `Reply-To` becomes the native field, which encodes its name. */
function replyToIn(values: readonly string[]): { email: string; name?: string } | undefined {
  const [value = ''] = values;
  const { email, name = '' } = { ...parseSender(value) };
  if (values.length !== 1 || email === undefined || !isHeaderAddress(email)) return undefined;
  return { email, ...(name !== '' && { name }) };
}

/** Several mailboxes, none of whose names looks like an address. */
function areMailboxes(values: readonly string[]): boolean {
  return values
    .flatMap((value) => value.split(','))
    .map((part) => parseSender(part))
    .every((mailbox) => mailbox !== undefined && isHeaderAddress(mailbox.email) && !mailbox.name.includes('@'));
}

function isHeaderAddress(email: string): boolean {
  return parseMailbox(email)?.ascii === true;
}

/** Names that differ only in case are one field, under its first name. */
function byName(given: NonNullable<Static<typeof Headers>>): Iterable<[name: string, values: string[]]> {
  const fields = Array.isArray(given) ? given.map(({ key, value }) => [key, value] as const) : Object.entries(given);
  const found = new Map<string, [string, string[]]>();
  for (const [name, value] of fields) {
    // A value that is null counts as none.
    if (value === null) continue;
    const field = found.get(name.toLowerCase()) ?? [name, []];
    field[1].push(...[value].flat().map(textOf));
    found.set(name.toLowerCase(), field);
  }
  return found.values();
}

function textOf(value: Static<typeof HeaderValue>): string {
  return String(typeof value === 'object' ? value.value : value);
}
