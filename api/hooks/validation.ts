import stringifier from 'fast-json-stringify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError, TValidationError } from 'typebox/error';
import { Format } from 'typebox/format';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { Failure, type FieldErrors } from '../../domain/errors.js';
import { parseMailbox } from '../../mail/address.js';
import type { Api } from '../api.js';
import { ONE_LINE } from '../schema/fields.js';

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

const checker = compileOnce((schema: TSchema) => Compile(schema));

/**
 * Validates every part of a request against its schema. Bodies are taken unchanged; query strings and path parameters are
 * text and are converted to the type in their schema.
 */
export function validateWithTypeBox(app: Api): void {
  Settings.Set({ maxErrors: MAX_ERRORS });
  Format.Set('email', (text) => parseMailbox(text) !== undefined);
  app.setValidatorCompiler<TSchema>(({ schema, httpPart }) => {
    const check = checker(schema);
    return (given: unknown) => {
      const value = Value.Default(schema, normalized(given, schema as Shape, httpPart));
      if (check().Check(value)) return { value };
      if (httpPart === 'params') return { error: new Failure('not_found') };
      return { error: new Failure('validation_failed', fieldErrorsOf(check().Errors(value))) };
    };
  });
}

/** Validates one item of a body like a body of its own; throws the Failure that names the invalid fields. */
export function bodyReader(schema: TSchema): (given: unknown) => unknown {
  const check = checker(schema);
  return (given) => {
    const value = Value.Default(schema, structuredClone(given ?? {}));
    if (check().Check(value)) return value;
    throw new Failure('validation_failed', fieldErrorsOf(check().Errors(value)));
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

/** A response lists at most this many errors. */
export const MAX_ERRORS = 20;

type Fault = readonly [field: string, sentence: string];

/** Describes each error of a request in one sentence under its field; nested fields as `ai.prompt`. */
function fieldErrorsOf(faults: readonly TLocalizedValidationError[]): FieldErrors {
  // A map, because a caller may name a field `constructor`.
  const errors = new Map<string, Set<string>>();
  for (const [field, sentence] of faults.flatMap(faultsIn).slice(0, MAX_ERRORS)) {
    errors.set(field, (errors.get(field) ?? new Set<string>()).add(sentence));
  }
  return Object.fromEntries([...errors].map(([field, sentences]) => [field, [...sentences]]));
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

const FORMAT_WORDS: Readonly<Record<string, string>> = {
  email: 'a valid email address',
  'date-time': 'a date and time in ISO 8601, such as 2026-05-22T13:00:00Z',
  uri: 'a valid URL',
  uuid: 'a valid UUID',
};

function faultsIn(fault: TLocalizedValidationError): Fault[] {
  const path = fault.instancePath.split('/').slice(1).map(unescaped);
  const within = (name: string) => [...path, name].join('.');
  const error: TValidationError = fault;
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => [within(name), `The ${within(name)} field is required.`]);
  }
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => [within(name), `The ${within(name)} field is not known.`]);
  }
  const field = path.join('.') || 'body';
  // The schema `false` comes from `additionalProperties: false`; with many errors only these are reported.
  if (error.keyword === 'boolean') return [[field, `The ${field} field is not known.`]];
  return [[field, `The ${field} ${requirementOf(error)}.`]];
}

function requirementOf(error: TValidationError): string {
  switch (error.keyword) {
    case 'type':
      return `must be ${[error.params.type]
        .flat()
        .map((type) => TYPE_WORDS[type] ?? type)
        .join(' or ')}`;
    case 'format':
      return `must be ${FORMAT_WORDS[error.params.format] ?? `a valid ${error.params.format}`}`;
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`;
    default:
      return limitOf(error);
  }
}

function limitOf(error: TValidationError): string {
  switch (error.keyword) {
    case 'minimum':
      return `must be at least ${error.params.limit}`;
    case 'maximum':
      return `must not be greater than ${error.params.limit}`;
    case 'minLength':
      return error.params.limit === 1 ? 'must not be empty' : `must have at least ${error.params.limit} characters`;
    case 'maxLength':
      return `must not have more than ${error.params.limit} characters`;
    case 'minItems':
      return `must have at least ${error.params.limit} item${error.params.limit === 1 ? '' : 's'}`;
    case 'maxItems':
      return `must not have more than ${error.params.limit} items`;
    case 'minProperties':
      return 'must not be empty';
    case 'maxProperties':
      return `must not have more than ${error.params.limit} fields`;
    case 'pattern':
      return error.params.pattern === ONE_LINE ? 'must be one line without control characters' : 'is not valid';
    default:
      return 'is not valid';
  }
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
