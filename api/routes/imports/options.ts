import { Failure, type FieldErrors } from '../../../domain/errors.js';
import type { ColumnMapping } from '../../../domain/import/csv.js';
import { SUBSCRIBER_LIMITS } from '../../../domain/subscriber/subscriber.js';
import { jsonIn } from '../../hooks/json-bodies.js';

/** The options of an upload. */
export interface ImportOptions {
  readonly mapping: ColumnMapping;
  readonly dry_run: boolean;
  readonly tags: readonly string[];
}

const LONGEST_TAG = 64;

/** Reads form fields and query parameters in the same way. Throws `validation_failed` with all errors. */
export function importOptions(given: Readonly<Record<string, unknown>>): ImportOptions {
  const { mapping = '{}', dry_run = false, tags = [], ...unknown } = given;
  const errors: Record<string, readonly string[]> = {};
  for (const name of Object.keys(unknown)) errors[name] = [`The ${name} field is not known.`];
  const options = { mapping: mappingOf(mapping), dry_run: flagOf(dry_run), tags: tagsOf([tags].flat()) };
  if (options.mapping === undefined) {
    errors['mapping'] = ['The mapping must be a JSON object from headers to fields or null.'];
  }
  if (options.dry_run === undefined) errors['dry_run'] = ['The dry_run must be true or false.'];
  if (options.tags === undefined) {
    errors['tags'] = [`The tags must be at most ${SUBSCRIBER_LIMITS.tags} of up to ${LONGEST_TAG} characters.`];
  }
  if (Object.keys(errors).length > 0) throw new Failure('validation_failed', errors satisfies FieldErrors);
  return options as ImportOptions;
}

function mappingOf(given: unknown): ColumnMapping | undefined {
  const value = typeof given === 'string' ? jsonIn(given.trim() || '{}') : given;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fits = Object.values(value).every((field) => field === null || typeof field === 'string');
  return fits ? (value as ColumnMapping) : undefined;
}

function flagOf(given: unknown): boolean | undefined {
  if (typeof given === 'boolean') return given;
  if (given === 'true' || given === '1') return true;
  return given === 'false' || given === '0' || given === '' ? false : undefined;
}

function tagsOf(given: readonly unknown[]): string[] | undefined {
  if (!given.every((one) => typeof one === 'string')) return undefined;
  const tags = given.flatMap((one) => one.split(',')).map((tag) => tag.trim());
  const named = [...new Set(tags.filter((tag) => tag !== ''))];
  const fit = named.every((tag) => tag.length <= LONGEST_TAG && !/\p{Cc}/u.test(tag));
  return fit && named.length <= SUBSCRIBER_LIMITS.tags ? named : undefined;
}
