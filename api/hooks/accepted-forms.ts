import { mailboxOf } from '../../services/message/recipients.js';
import type { Form } from '../schema/mailboxes.js';

/** The keywords of a schema that are read here. */
interface Shape {
  readonly 'x-form'?: Form;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

type Convert = (value: unknown) => unknown;

const converters = new WeakMap<Shape, Convert | 'none'>();

/** The valid value of a schema, with every address in the one form that handlers read. */
export function inOneForm(value: unknown, schema: object): unknown {
  const convert = converterOf(schema as Shape);
  return convert === undefined ? value : convert(value);
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
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const given = value as Readonly<Record<string, unknown>>;
    const changed = fields.filter(([name]) => Object.hasOwn(given, name) && given[name] !== undefined);
    return { ...given, ...Object.fromEntries(changed.map(([name, convert]) => [name, convert(given[name])])) };
  };
}

function ofItems(items: Shape | undefined): Convert | undefined {
  const convert = items && converterOf(items);
  return convert && ((value) => (Array.isArray(value) ? value.map(convert) : value));
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

const CONVERSIONS: Readonly<Record<Form, Convert>> = {
  mailbox: (given) => (given === null ? null : named(given as Exclude<Given, null>)),
  recipients: (given) => {
    const all = listed(given).map(named);
    return all.length === 1 ? all[0] : all;
  },
  copies: (given) => listed(given).map(named),
  address: (given) => (given === null ? null : named(given as Exclude<Given, null>).email),
  text: (given) => (typeof given === 'object' && given !== null ? senderText(named(given as Named)) : given),
  addresses: (given) => listed(given).map((one) => named(one).email),
};
