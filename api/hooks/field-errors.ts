import type { TSchema } from 'typebox';
import type { TLocalizedValidationError, TValidationError } from 'typebox/error';
import type { FieldErrors } from '../../domain/errors.js';
import { ruleOfPattern } from '../schema/fields.js';
import { suggestionFor } from './field-suggestions.js';

/** A response lists at most this many errors. */
export const MAX_ERRORS = 20;

type Fault = readonly [field: string, sentence: string];
type Errors = readonly TLocalizedValidationError[];

/** Describes each error of a request in one sentence under its field; nested fields as `ai.prompt`. */
export function fieldErrorsOf(found: Errors, schema: TSchema): FieldErrors {
  // A map, because a caller may name a field `constructor`.
  const errors = new Map<string, Set<string>>();
  const faults = withoutOtherForms(found).flatMap((error) => faultsIn(error, schema));
  for (const [field, sentence] of faults.slice(0, MAX_ERRORS)) {
    errors.set(field, (errors.get(field) ?? new Set<string>()).add(sentence));
  }
  return Object.fromEntries([...errors].map(([field, sentences]) => [field, [...sentences]]));
}

/**
 * Where a field takes several forms, such as a string or an object, each form has its errors. Only those of the form that the
 * caller chose help: a wrong type is named only where no other error is, and then once, with all types.
 */
function withoutOtherForms(errors: Errors): Errors {
  const inner = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath);
  return inner.sort((a, b) => b.length - a.length).reduce<Errors>((left, path) => withChosenForm(left, path), errors);
}

function withChosenForm(errors: Errors, path: string): Errors {
  const isForm = ({ instancePath, keyword }: TLocalizedValidationError) => instancePath === path && keyword === 'anyOf';
  const isHere = ({ instancePath }: TLocalizedValidationError) =>
    instancePath === path || instancePath.startsWith(`${path}/`);
  const types = errors.filter(({ instancePath, keyword }) => instancePath === path && keyword === 'type');
  const chosen = errors.filter((error) => isHere(error) && !isForm(error) && !types.includes(error));
  const before = errors.filter((error) => !isHere(error));
  const [first] = types;
  if (chosen.length > 0 || first === undefined) return [...before, ...chosen];
  const all = [
    ...new Set(types.flatMap((error: TValidationError) => (error.keyword === 'type' ? error.params.type : []))),
  ];
  return [...before, { ...first, params: { type: all } } as TLocalizedValidationError];
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
  mailbox: 'a valid email address',
  'date-time': 'a date and time in ISO 8601, such as 2026-05-22T13:00:00Z',
  uri: 'a valid URL',
  uuid: 'a valid UUID',
};

function faultsIn(fault: TLocalizedValidationError, schema: TSchema): Fault[] {
  const path = fault.instancePath.split('/').slice(1).map(unescaped);
  const within = (name: string) => [...path, name].join('.');
  const error: TValidationError = fault;
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => [within(name), `The ${within(name)} field is required.`]);
  }
  const unknown = (parents: readonly string[], name: string): Fault => {
    const field = [...parents, name].join('.');
    return [field, `The ${field} field is not known.${suggestionFor(schema, parents, name)}`];
  };
  if (error.keyword === 'additionalProperties') {
    return error.params.additionalProperties.map((name) => unknown(path, name));
  }
  const field = path.join('.') || 'body';
  // The schema `false` comes from `additionalProperties: false`; with many errors only these are reported.
  if (error.keyword === 'boolean') return [unknown(path.slice(0, -1), path.at(-1) ?? 'body')];
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
      return `must not have more than ${error.params.limit} item${error.params.limit === 1 ? '' : 's'}`;
    case 'minProperties':
      return 'must not be empty';
    case 'maxProperties':
      return `must not have more than ${error.params.limit} fields`;
    case 'pattern':
      return ruleOfPattern(String(error.params.pattern)) ?? 'is not valid';
    default:
      return 'is not valid';
  }
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
