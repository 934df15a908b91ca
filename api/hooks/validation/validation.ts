import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Format } from 'typebox/format';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Api } from '../../api.js';
import { compileOnce } from './compile-once.js';
import { fieldErrorsOf, MAX_ERRORS } from './messages.js';

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
