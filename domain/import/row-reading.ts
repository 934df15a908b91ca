import { dateIn } from '../date-in-text.js';
import { unguarded, unguardedText } from '../formula-guard.js';
import { type AttributeFault, checkAttributes, type FieldRules, NO_FIELD_RULES } from '../subscriber/custom-field.js';
import type { Scalar } from '../subscriber/subscriber.js';
import { attributesIn } from './attributes-cell.js';
import type { CsvColumn } from './column-fields.js';
import { OWN_FORMAT } from './formats.js';
import type { NumberedRequest, Refusal, RowFate } from './row-fate.js';
import { type RowStanding, type StandingCells, standingIn } from './standing.js';
import { type GivenStatuses, isStatusField, statusIn } from './statuses.js';
import { tagsIn } from './tags-cell.js';

/** The reason why a row of a file was not imported. */
type RowFault =
  | 'missing_email'
  | 'invalid_email'
  | 'too_long'
  | 'not_of_its_type'
  | 'unknown_field'
  | 'unknown_status'
  | 'not_an_object'
  | 'bad_encoding'
  | 'unclosed_quote'
  | 'row_too_long'
  | Refusal;

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
  /** That stands beside the address in its cell; may be empty. */
  readonly name: string;
}

export interface RowReader {
  readonly columns: readonly CsvColumn[];
  /** The text of a cell; undefined where a byte is invalid in the encoding of the file. */
  readonly decode: (cell: string) => string | undefined;
  /** The known export that the file is. */
  readonly format: string | null;
  /** Added to each subscriber. */
  readonly tags: readonly string[];
  readonly statuses?: GivenStatuses;
  /** The account's rules for attributes, if any. */
  readonly fields?: FieldRules;
  /** Reads an address; undefined where it is not valid. */
  readonly parseAddress: (text: string) => ParsedAddress | undefined;
}

interface Collected extends StandingCells {
  email?: string;
  first_name?: string;
  last_name?: string;
  readonly tags: string[];
  readonly attributes: Map<string, Scalar>;
}

interface CellFault {
  readonly column: string;
  readonly reason: RowFault;
  readonly value: string;
}

/** The most that a spreadsheet keeps in a cell. */
export const LONGEST_CELL = 32_767;
const LONGEST = { status: 254, name: 255, tag: 64, attribute: 2048 } as const;
/** Longer values are truncated in the list of errors. */
const VALUE_LIMIT = 254;

/** Reads a row of a file as a request. An empty cell keeps the field. `row` counts from 0 below the header. */
export function readRow(reader: RowReader, cells: readonly string[], row: number): ReadRow {
  const { columns, parseAddress, fields: rules = NO_FIELD_RULES } = reader;
  const collected: Collected = { tags: [...reader.tags], attributes: new Map(), statuses: [], dates: new Map() };
  const fault = collectCells(reader, collected, cells);
  if (fault !== undefined) return { kind: 'error', error: rowError(row, fault) };
  const { email = '', attributes: written, tags } = collected;
  const address = parseAddress(email);
  if (address === undefined) {
    const column = columns.find(({ field }) => field === 'email')?.header ?? 'email';
    const reason = email === '' ? 'missing_email' : 'invalid_email';
    return { kind: 'error', error: rowError(row, { column, reason, value: email }) };
  }
  if (address.name !== '' && address.name.length <= LONGEST.name) splitName(collected, oneLine(address.name));
  const { first_name, last_name } = collected;
  const fit = checkAttributes(Object.fromEntries(written), rules);
  if (fit.kind === 'faults') return { kind: 'error', error: attributeError(columns, row, written, fit.faults[0]) };
  const standing: RowStanding | undefined = standingIn(collected, columns);
  const person = {
    ...(first_name !== undefined && { first_name }),
    ...(last_name !== undefined && { last_name }),
    tags,
    ...(written.size > 0 && { attributes: fit.attributes }),
    ...(standing && { standing }),
  };
  return { kind: 'request', request: { ...person, row, email: address.shown, email_key: address.identity } };
}

function collectCells(reader: RowReader, into: Collected, cells: readonly string[]): CellFault | undefined {
  for (const [index, column] of reader.columns.entries()) {
    const cell = cells[index] ?? '';
    const fault = column.field === null || cell === '' ? undefined : collectCell(reader, into, column, cell);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function collectCell(reader: RowReader, into: Collected, column: CsvColumn, cell: string): CellFault | undefined {
  if (cell.length > LONGEST_CELL) return { column: column.header, reason: 'too_long', value: printable(cell) };
  const decoded = reader.decode(cell);
  if (decoded === undefined) return { column: column.header, reason: 'bad_encoding', value: printable(cell) };
  if (reader.format !== OWN_FORMAT) {
    const text = unguarded(decoded.trim()).trim();
    return text === '' ? undefined : collect(reader, into, column, text);
  }
  const isText = column.field === 'first_name' || column.field === 'last_name';
  return collect(reader, into, column, isText ? (unguardedText(decoded) ?? '') : unguarded(decoded));
}

/** A cell that cannot be decoded, as ASCII. */
function printable(cell: string): string {
  return cell.replace(/[^\x20-\x7e]/g, '\ufffd');
}

/** The error of a row that exceeds the limits of its person, together with the person's existing fields. */
export function refusalError({ row, email }: NumberedRequest, fate: RowFate | undefined): RowError | undefined {
  if (fate === 'too_many_tags') return rowError(row, { column: 'tags', reason: fate, value: email });
  if (fate === 'attributes_too_large') return rowError(row, { column: 'attributes', reason: fate, value: email });
  return undefined;
}

/** The error of the row at which a file stops being readable. */
export function brokenRowError(row: number, reason: 'unclosed_quote' | 'row_too_long', start: string): RowError {
  return rowError(row, { column: '', reason, value: start });
}

/** As in a spreadsheet: the header is row 1. */
function rowError(row: number, { value, ...fault }: CellFault): RowError {
  return { row: row + 2, ...fault, value: value.slice(0, VALUE_LIMIT) };
}

function attributeError(
  columns: readonly CsvColumn[],
  row: number,
  written: ReadonlyMap<string, Scalar>,
  { name, reason }: Pick<AttributeFault, 'name' | 'reason'>,
): RowError {
  const column = columns.find(({ field }) => field === `attributes.${name}`)?.header ?? name;
  return rowError(row, { column, reason, value: String(written.get(name) ?? '') });
}

function collect(
  reader: RowReader,
  into: Collected,
  { header, field }: CsvColumn,
  text: string,
): CellFault | undefined {
  const tooLong = (limit: number, value = text): CellFault | undefined =>
    value.length > limit ? { column: header, reason: 'too_long', value } : undefined;
  if (isStatusField(field)) {
    if (text.length > LONGEST.status) return tooLong(LONGEST.status);
    const status = statusIn(field, text, reader.statuses);
    if (status === 'unknown') return { column: header, reason: 'unknown_status', value: text };
    if (status !== undefined) into.statuses.push(status);
    return undefined;
  }
  switch (field) {
    case 'email':
      into.email = text;
      return undefined;
    case 'first_name':
    case 'last_name':
      into[field] = oneLine(text);
      return tooLong(LONGEST.name);
    case 'name':
      splitName(into, oneLine(text));
      return tooLong(LONGEST.name);
    case 'subscribed_at':
    case 'unsubscribed_at':
    case 'bounced_at':
    case 'complained_at':
      if (!/^(?:[-\s]*|0000-00-00.*|null|none|never|n\/a)$/i.test(text)) into.dates.set(field, dateIn(text));
      return undefined;
    case 'tags': {
      const tags = tagsIn(oneLine(text));
      into.tags.push(...tags);
      return tags.map((tag) => tooLong(LONGEST.tag, tag)).find((fault) => fault !== undefined);
    }
    case 'attributes':
      return collectObject(into, header, text);
    default:
      into.attributes.set((field ?? '').slice('attributes.'.length), text);
      return tooLong(LONGEST.attribute);
  }
}

function collectObject({ attributes }: Collected, column: string, text: string): CellFault | undefined {
  const given = attributesIn(text);
  if (given === undefined) return { column, reason: 'not_an_object', value: text };
  for (const [name, value] of given) {
    if (typeof value === 'string' && value.length > LONGEST.attribute) return { column, reason: 'too_long', value };
    attributes.set(name, value);
  }
  return undefined;
}

const TITLE = /^(?:(?:ph\.?\s?d|md|dr|prof|mba|esq|jr|sr|inc|ltd|llc|gmbh|ag|kg|co|corp|sa|srl|bv|ii|iii|iv)\b|m\.)/i;

/** The first word and the rest, or `last, first`; columns of their own precede. */
function splitName(into: Collected, name: string): void {
  const [, surname = '', given = ''] = /^([^,]+),\s*([^,]+)$/.exec(name) ?? [];
  const isTurned = given !== '' && !TITLE.test(given);
  const [, first = name, rest = ''] = isTurned ? [name, given, surname] : (/^(\S+)\s+(.+)$/.exec(name) ?? []);
  into.first_name ??= first;
  if (rest !== '') into.last_name ??= rest;
}

/** As in the API: C1 controls are allowed. */
const CONTROL = /(?![\x80-\x9f])\p{Cc}+/gu;

/** Names and tags may be used in a mail header. */
function oneLine(text: string): string {
  return text.replace(CONTROL, ' ');
}
