import { type AttributeFault, checkAttributes, type FieldRules, NO_FIELD_RULES } from '../subscriber/custom-field.js';
import { type CsvColumn, type CsvEncoding, fromWindows1252 } from './csv.js';
import type { NumberedRequest, Refusal, RowFate } from './row-fate.js';

/** The reason why a row of a file was not imported. */
type RowFault = 'missing_email' | 'invalid_email' | 'too_long' | 'not_of_its_type' | 'unknown_field' | Refusal;

export interface RowError {
  /** As in a spreadsheet: the header is row 1; empty rows are not counted. */
  readonly row: number;
  /** The header of the faulty cell. */
  readonly column: string;
  readonly reason: RowFault;
  readonly value: string;
}

export type ReadRow =
  | { readonly kind: 'request'; readonly request: NumberedRequest }
  | { readonly kind: 'error'; readonly error: RowError };

interface ParsedAddress {
  readonly shown: string;
  readonly identity: string;
}

interface RowReader {
  readonly columns: readonly CsvColumn[];
  readonly encoding: CsvEncoding;
  /** Added to each subscriber. */
  readonly tags: readonly string[];
  /** The account's rules for attributes, if any. */
  readonly fields?: FieldRules;
  /** Reads an address; undefined where it is not valid. */
  readonly parseAddress: (text: string) => ParsedAddress | undefined;
}

interface Collected {
  email?: string;
  first_name?: string;
  last_name?: string;
  readonly tags: string[];
  readonly attributes: Record<string, string>;
}

interface CellFault {
  readonly column: string;
  readonly reason: RowFault;
  readonly value: string;
}

const LONGEST = { name: 255, tag: 64, attribute: 2048 } as const;
/** Longer values are truncated in the list of errors. */
const VALUE_LIMIT = 254;

/** Reads a row of a file as a request. An empty cell keeps the field. `row` counts from 0 below the header. */
export function readRow(
  { columns, encoding, tags, parseAddress, fields: rules = NO_FIELD_RULES }: RowReader,
  cells: readonly string[],
  row: number,
): ReadRow {
  const collected: Collected = { tags: [...tags], attributes: {} };
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] ?? '';
    const text = (encoding === 'windows-1252' ? fromWindows1252(cell) : cell).trim();
    const fault = text === '' || column.field === null ? undefined : collect(collected, column, text);
    if (fault !== undefined) return { kind: 'error', error: rowError(row, fault) };
  }
  const { email = '', attributes: written, ...fields } = collected;
  const address = parseAddress(email);
  if (address === undefined) {
    const column = columns.find(({ field }) => field === 'email')?.header ?? 'email';
    const reason = email === '' ? 'missing_email' : 'invalid_email';
    return { kind: 'error', error: rowError(row, { column, reason, value: email }) };
  }
  const fit = checkAttributes(written, rules);
  if (fit.kind === 'faults') return { kind: 'error', error: attributeError(columns, row, written, fit.faults[0]) };
  const { attributes } = fit;
  const person = { ...fields, ...(Object.keys(attributes).length > 0 && { attributes }) };
  return { kind: 'request', request: { ...person, row, email: address.shown, email_key: address.identity } };
}

/** The error of a row that exceeds the limits of its person, together with the person's existing fields. */
export function refusalError({ row, email }: NumberedRequest, fate: RowFate | undefined): RowError | undefined {
  if (fate === 'too_many_tags') return rowError(row, { column: 'tags', reason: fate, value: email });
  if (fate === 'attributes_too_large') return rowError(row, { column: 'attributes', reason: fate, value: email });
  return undefined;
}

/** As in a spreadsheet: the header is row 1. */
function rowError(row: number, { value, ...fault }: CellFault): RowError {
  return { row: row + 2, ...fault, value: value.slice(0, VALUE_LIMIT) };
}

function attributeError(
  columns: readonly CsvColumn[],
  row: number,
  written: Readonly<Record<string, string>>,
  { name, reason }: Pick<AttributeFault, 'name' | 'reason'>,
): RowError {
  const column = columns.find(({ field }) => field === `attributes.${name}`)?.header ?? name;
  return rowError(row, { column, reason, value: written[name] ?? '' });
}

function collect(into: Collected, { header, field }: CsvColumn, text: string): CellFault | undefined {
  const tooLong = (limit: number, value = text): CellFault | undefined =>
    value.length > limit ? { column: header, reason: 'too_long', value } : undefined;
  switch (field) {
    case 'email':
      into.email = text;
      return undefined;
    case 'first_name':
    case 'last_name':
      into[field] = oneLine(text);
      return tooLong(LONGEST.name);
    case 'tags': {
      const tags = tagsIn(text);
      into.tags.push(...tags);
      return tags.map((tag) => tooLong(LONGEST.tag, tag)).find((fault) => fault !== undefined);
    }
    default:
      into.attributes[(field ?? '').slice('attributes.'.length)] = text;
      return tooLong(LONGEST.attribute);
  }
}

/** `news, berlin; vip` is three tags. */
function tagsIn(text: string): string[] {
  return oneLine(text)
    .split(/[,;|]/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** Names and tags may be used in a mail header. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
