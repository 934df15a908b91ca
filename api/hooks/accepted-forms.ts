import { demandNoFaults, type FieldErrors } from '../../domain/errors.js';
import { addressFaults, senderFaults } from '../../mail/sender-mailbox.js';
import { mailboxOf } from '../../services/message/recipients.js';
import type { Form } from '../schema/mailboxes.js';

/** The keywords of a schema that are read here. */
interface Shape {
  readonly 'x-form'?: Form;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

/** Where a value stands in the request, and the faults that are found on the way. */
interface Place {
  readonly field: string;
  readonly faults: Record<string, readonly string[]>;
}

type Convert = (value: unknown, place: Place) => unknown;

const converters = new WeakMap<Shape, Convert | 'none'>();

/**
 * The valid value of a schema, with every address in the one form that handlers read. Throws the Failure that names each sender
 * whose mailbox no header should carry.
 */
export function inOneForm(value: unknown, schema: object): unknown {
  const convert = converterOf(schema as Shape);
  if (convert === undefined) return value;
  const faults: Record<string, readonly string[]> = {};
  const converted = convert(value, { field: '', faults });
  demandNoFaults(faults);
  return converted;
}

/** Undefined where nothing in the schema has other forms. */
function converterOf(schema: Shape): Convert | undefined {
  const known = converters.get(schema);
  if (known !== undefined) return known === 'none' ? undefined : known;
  const { 'x-form': form, properties, items } = schema;
  const made = form === undefined ? (ofProperties(properties) ?? ofItems(items)) : CONVERSIONS[form];
  converters.set(schema, made ?? 'none');
  return made;
}

function ofProperties(properties: Shape['properties'] = {}): Convert | undefined {
  const fields = Object.entries(properties).flatMap(([name, schema]) => {
    const convert = converterOf(schema);
    return convert === undefined ? [] : [[name, convert] as const];
  });
  if (fields.length === 0) return undefined;
  return (value, { field, faults }) => {
    if (typeof value !== 'object' || value === null) return value;
    const given = value as Readonly<Record<string, unknown>>;
    const changed = fields.filter(([name]) => Object.hasOwn(given, name) && given[name] !== undefined);
    const within = (name: string) => ({ field: field === '' ? name : `${field}.${name}`, faults });
    const converted = changed.map(([name, convert]) => [name, convert(given[name], within(name))]);
    return { ...given, ...Object.fromEntries(converted) };
  };
}

function ofItems(items: Shape | undefined): Convert | undefined {
  const convert = items && converterOf(items);
  if (convert === undefined) return undefined;
  return (value, { field, faults }) => {
    if (!Array.isArray(value)) return value;
    return value.map((item, i) => convert(item, { field: `${field}.${i}`, faults }));
  };
}

type Given = string | { readonly email: string; readonly name?: string | null } | null;

interface Named {
  readonly email: string;
  readonly name: string | null;
}

/** A string that is not an address is reported later, as one. */
function named(given: Exclude<Given, null>): Named {
  const { email, name } = mailboxOf(given);
  return { email, name: name || null };
}

const listed = (given: unknown): readonly Exclude<Given, null>[] => [given as Exclude<Given, null>].flat();

function senderText({ email, name }: Named): string {
  return name === null ? email : `"${name.replace(/["\\]/g, '\\$&')}" <${email}>`;
}

/** The value of a list of one, or the value itself. */
const onlyOne = (given: unknown) => [given].flat()[0] as Exclude<Given, null>;

/** A sender whose faults are noted. */
function sender(given: Exclude<Given, null>, place: Place): Named {
  const mailbox = named(given);
  note(place, senderFaults(place.field, mailbox, typeof given === 'string' ? 'text' : 'object'));
  return mailbox;
}

function address(given: Exclude<Given, null>, place: Place): string {
  const { email } = named(given);
  note(place, addressFaults(place.field, email));
  return email;
}

function note({ faults }: Place, found: FieldErrors): void {
  Object.assign(faults, found);
}

const CONVERSIONS: Readonly<Record<Form, Convert>> = {
  mailbox: (given, place) => (given === null ? null : sender(onlyOne(given), place)),
  recipients: (given) => {
    const all = listed(given).map(named);
    return all.length === 1 ? all[0] : all;
  },
  copies: (given) => (given === null ? [] : listed(given).map(named)),
  address: (given, place) => (given === null ? null : address(onlyOne(given), place)),
  text: (given, place) => {
    if (given === null) return null;
    const mailbox = sender(given as Exclude<Given, null>, place);
    return typeof given === 'string' ? given : senderText(mailbox);
  },
  addresses: (given) => listed(given).map((one) => named(one).email),
};
