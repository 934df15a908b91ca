import type { CsvColumn } from '../../domain/import/csv-columns.js';
import { type CsvEncoding, fromWindows1252 } from '../../domain/import/csv-encoding.js';
import {
  type AttributeFault,
  checkAttributes,
  type FieldRules,
  NO_FIELD_RULES,
} from '../../domain/subscriber/custom-field.js';
import { parseMailbox } from '../../mail/address.js';
import type { RowError, RowFault } from '../../store/imports/errors.js';
import type { NumberedRequest } from '../../store/imports/rows.js';

export type ReadRow =
  | { readonly kind: 'request'; readonly request: NumberedRequest }
  | { readonly kind: 'error'; readonly error: RowError };

interface RowReader {
  readonly columns: readonly CsvColumn[];
  readonly encoding: CsvEncoding;
  /** Added to everybody. */
  readonly tags: readonly string[];
  /** What the account asks of attributes; nothing where absent. */
  readonly fields?: FieldRules;
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
/** A glimpse of what was wrong is enough; the file has the rest. */
const VALUE_LIMIT = 254;

/** What a row of a file wants; an empty cell wants nothing and leaves what is there. `row` counts from 0 below the header. */
export function readRow(
  { columns, encoding, tags, fields: rules = NO_FIELD_RULES }: RowReader,
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
  const address = parseMailbox(email);
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

/** As a spreadsheet counts: the header is row 1. */
export function rowError(row: number, { value, ...fault }: CellFault): RowError {
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

/** Names and tags can end up in a header of a mail. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
