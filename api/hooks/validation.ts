import stringifier from 'fast-json-stringify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Format } from 'typebox/format';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { Failure } from '../../domain/errors.js';
import { timeIn } from '../../domain/timestamp.js';
import { parseMailbox, parseSender } from '../../mail/address.js';
import type { Api } from '../api.js';
import { inOneForm } from './accepted-forms.js';
import { fieldErrorsOf } from './field-errors.js';

/**
 * Compiles a schema on first use, once per process. Compiling hundreds of schemas would double the start time, and most of
 * them are never used.
 */
function compileOnce<S extends object, C>(compile: (schema: S) => C): (schema: S) => () => C {
  const compiled = new WeakMap<S, C>();
  return (schema) => () => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const fresh = compile(schema);
    compiled.set(schema, fresh);
    return fresh;
  };
}

/** The keywords of a schema that `coerced` reads. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
}

/** Errors that are read: each form of a field that takes several has its own. */
const ERRORS_READ = 100;

const checker = compileOnce((schema: TSchema) => Compile(schema));

/**
 * Validates every part of a request against its schema. Bodies are taken unchanged; query strings and path parameters are
 * text and are converted to the type in their schema.
 */
export function validateWithTypeBox(app: Api): void {
  Settings.Set({ maxErrors: ERRORS_READ });
  Format.Set('date-time', (text) => timeIn(text) !== undefined);
  Format.Set('email', (text) => parseMailbox(text) !== undefined);
  Format.Set('mailbox', (text) => parseSender(text) !== undefined);
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const check = checker(schema);
    return (given: unknown) => {
      const value = Value.Default(schema, normalized(given, schema as Shape, httpPart));
      if (check().Check(value)) return { value: inOneForm(value, schema) };
      if (httpPart === 'params') return { error: new Failure('not_found') };
      return { error: new Failure('validation_failed', fieldErrorsOf(check().Errors(value), schema)) };
    };
  });
}

/** Validates one item of a body like a body of its own; throws the Failure that names the invalid fields. */
export function bodyReader(schema: TSchema): (given: unknown) => unknown {
  const check = checker(schema);
  return (given) => {
    const value = Value.Default(schema, structuredClone(given ?? {}));
    if (check().Check(value)) return inOneForm(value, schema);
    throw new Failure('validation_failed', fieldErrorsOf(check().Errors(value), schema));
  };
}

function normalized(given: unknown, schema: Shape, part: string | undefined): unknown {
  if (part === 'body') return given ?? {};
  const { api_key: _read, ...rest } = { ...(given as Record<string, unknown>) };
  return coerced(rest, schema);
}

function coerced(texts: Readonly<Record<string, unknown>>, { properties = {} }: Shape): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, coercedText(text, [properties[name]?.type ?? []].flat())]),
  );
}

function coercedText(text: unknown, types: readonly string[]): unknown {
  if (typeof text !== 'string') return text;
  if ((types.includes('integer') || types.includes('number')) && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (types.includes('boolean') && /^(true|1)$/.test(text)) return true;
  if (types.includes('boolean') && /^(false|0)$/.test(text)) return false;
  return text;
}

type Schema = Parameters<typeof stringifier>[0];

const compiledSerializer = compileOnce((schema: Exclude<Schema, string>) => stringifier(schema));

/** Serializes responses by their schemas, as Fastify does, but compiles a schema at its first response. */
export function serializeResponsesBySchema(app: Api): void {
  app.setSerializerCompiler<Exclude<Schema, string>>(({ schema }) => {
    const serialize = compiledSerializer(schema);
    return (payload) => serialize()(payload);
  });
}
