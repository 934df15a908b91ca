import { type Static, Type } from 'typebox';
import { headersFault, LONGEST_HEADER } from '../../../domain/mail/custom-headers.js';
import type { MessageRequest } from '../../../domain/message/message.js';
import { bodyReader } from '../../hooks/validation.js';
import { NewMessage } from '../../routes/messages/schema.js';
import { closed, Id, Line, Mailbox } from '../../schema/fields.js';

const Person = Type.Object({ email: Mailbox, name: Type.Optional(Line(255)) }, closed);
/** Several addresses: one string with commas, or a list. */
const Copies = Type.Optional(Type.Union([Type.String({ maxLength: 20_000 }), Type.Array(Line(320), { maxItems: 50 })]));
/** An address has 320 characters at most, and a name 255. */
const LONGEST_COPY = 700;
const AnyName = Type.String({ pattern: '^[\\s\\S]*$' });
const Plain = Type.Union([Type.String({ maxLength: LONGEST_HEADER }), Type.Number(), Type.Boolean()]);
const HeaderValue = Type.Union([Plain, Type.Object({ prepared: Type.Optional(Type.Boolean()), value: Plain }, closed)]);
const Header = Type.Union([HeaderValue, Type.Array(HeaderValue, { minItems: 1, maxItems: 10 })]);
/** All forms of the page that the document links to: by name, with one or more values, or a list of names and values. */
const Headers = Type.Union([
  Type.Record(AnyName, Header, { maxProperties: 50 }),
  Type.Array(Type.Object({ key: AnyName, value: Header }, closed), { maxItems: 50 }),
]);
const Files = Type.Optional(
  Type.Array(Type.Record(AnyName, Type.String()), {
    maxItems: 20,
    description: 'Each file as `{"name.extension": "<base64>"}`.',
  }),
);

const envelope = {
  to: Person,
  from: Type.Optional(Person),
  previewTitle: Type.Optional(Line(255)),
  headers: Type.Optional(Headers),
  cc: Copies,
  bcc: Copies,
  attachments: Files,
};
const commonFields = {
  idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  attachments: Files,
};
const examplePerson = { email: 'user@example.com', name: 'string' };
const example = { to: examplePerson, from: examplePerson, subject: 'string', previewTitle: 'string' };

export const Send = Type.Object(
  {
    ...commonFields,
    mail: Type.Object(
      {
        ...envelope,
        subject: Line(998, 1),
        html: Type.String({ minLength: 1 }),
        text: Type.Optional(Type.String()),
      },
      closed,
    ),
  },
  {
    ...closed,
    examples: [
      { idempotencyKey: 'unique-key-string', mail: { ...example, headers: {}, html: 'string', text: 'string' } },
    ],
  },
);

export const SendByTemplate = Type.Object(
  {
    ...commonFields,
    mail: Type.Object(
      {
        ...envelope,
        subject: Type.Optional(Line(998, 1)),
        idTemplateMailUser: Id,
        params: Type.Optional(Type.Record(AnyName, Type.Unknown())),
      },
      closed,
    ),
  },
  {
    ...closed,
    examples: [
      { idempotencyKey: 'unique-key-string', mail: { ...example, idTemplateMailUser: 7, params: { test: 'string' } } },
    ],
  },
);

export type SendRequest = Static<typeof Send> | Static<typeof SendByTemplate>;

const read = bodyReader(NewMessage);

/** The native request, validated, and the names of header fields that were left out. */
export function toNativeRequest({ mail, attachments = [] }: SendRequest): {
  request: MessageRequest;
  dropped: string[];
} {
  const { kept, dropped } = headersIn(mail.headers ?? {});
  const files = [...attachments, ...(mail.attachments ?? [])].flatMap((file) => Object.entries(file));
  const request = {
    to: mailboxOf(mail.to),
    ...(mail.from !== undefined && { from: mailboxOf(mail.from) }),
    ...(mail.subject !== undefined && { subject: mail.subject }),
    ...(mail.previewTitle && { preheader: mail.previewTitle }),
    cc: copiesIn(mail.cc),
    bcc: copiesIn(mail.bcc),
    headers: kept,
    attachments: files.map(([name, data]) => ({ name, data })),
    ...('idTemplateMailUser' in mail
      ? { template_id: mail.idTemplateMailUser, ...(mail.params !== undefined && { context: mail.params }) }
      : { html: mail.html, ...(mail.text && { text: mail.text }) }),
  };
  return { request: read(request) as MessageRequest, dropped };
}

function mailboxOf({ email, name }: Static<typeof Person>) {
  return { email, ...(name && { name }) };
}

function copiesIn(given: Static<typeof Copies> | undefined): ({ email: string; name?: string } | string)[] {
  const texts = typeof given === 'string' ? given.split(/[,;]/) : (given ?? []);
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(copyIn);
}

/** `Name <address>`, the name in quotes or not; other text stays as it is and is validated later. */
function copyIn(text: string): { email: string; name?: string } | string {
  const start = text.indexOf('<');
  if (text.length > LONGEST_COPY || start === -1 || !text.endsWith('>')) return text;
  const email = text.slice(start + 1, -1);
  const name = text.slice(0, start).trim().replace(/^"/, '').replace(/"$/, '');
  if (/^$|[<>]/.test(email) || name.includes('"')) return text;
  return { email, ...(name && { name }) };
}

/** Fields that Everpost sets are left out; harmful ones are left out and reported. */
function headersIn(given: Static<typeof Headers>) {
  const kept: Record<string, string | string[]> = {};
  const dropped: string[] = [];
  for (const [name, values] of byName(given)) {
    const fault = headersFault(name, values);
    if (fault === undefined || fault === 'unknown') kept[name] = values.length === 1 ? values.join() : values;
    else if (fault !== 'ours') dropped.push(name);
  }
  return { kept, dropped };
}

/** Names that differ only in case are one field, under its first name. */
function byName(given: Static<typeof Headers>): Iterable<[name: string, values: string[]]> {
  const fields = Array.isArray(given) ? given.map(({ key, value }) => [key, value] as const) : Object.entries(given);
  const found = new Map<string, [string, string[]]>();
  for (const [name, value] of fields) {
    const field = found.get(name.toLowerCase()) ?? [name, []];
    field[1].push(...[value].flat().map(textOf));
    found.set(name.toLowerCase(), field);
  }
  return found.values();
}

function textOf(value: Static<typeof HeaderValue>): string {
  return String(typeof value === 'object' ? value.value : value);
}
