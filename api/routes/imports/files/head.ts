import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { type ColumnMapping, columnsOf } from '../../../../domain/import/columns.js';
import { CSV_PARSE_OPTIONS } from '../../../../domain/import/csv-options.js';
import { type Delimiter, delimiterOf, namedDelimiter } from '../../../../domain/import/delimiter.js';
import { type RowReader, readRow } from '../../../../domain/import/row-reading.js';
import { type GivenStatuses, isStatusField, statusIn } from '../../../../domain/import/statuses.js';
import type { Attributes, SubscriberStatus } from '../../../../domain/subscriber/subscriber.js';
import { parseMailbox } from '../../../../mail/address.js';
import type { CsvFile, Guess, SampleRow, StatusValue } from '../../../../store/imports/row.js';
import { cellDecoder } from '../../../../web/decoding/cells.js';
import { refused } from '../../../uploads.js';
import { containsAscii, HEAD_BYTES, type StoredUpload } from '../csv-file.js';

/** What the request says of the file; the rest is guessed. */
export interface FileOptions {
  readonly mapping: ColumnMapping;
  readonly encoding: string | undefined;
  readonly delimiter: Delimiter | undefined;
  readonly statuses: GivenStatuses;
  readonly tags: readonly string[];
}

const SAMPLE_ROWS = 3;
/** Different cells of status columns that an import shows. */
const STATUS_VALUES = 50;
/** East Asian encodings whose characters may contain the byte of `|`. */
const HIDES_PIPE = ['shift_jis', 'gbk', 'gb18030', 'big5'];

/** Reads the first rows. Throws `validation_failed` if the file cannot be imported with these options. */
export function csvFileOf(upload: StoredUpload, options: FileOptions): CsvFile {
  const { name, bytes, head } = upload;
  const encoding = storedEncoding(upload, options.encoding);
  const named = namedDelimiter(head.toString('latin1'));
  const above = named?.length ?? 0;
  const rest = head.subarray(above);
  const delimiter = options.delimiter ?? named?.delimiter ?? delimiterOf(rest.toString('latin1'));
  if (delimiter === '|' && HIDES_PIPE.includes(encoding)) {
    throw refused('delimiter', `A file in ${encoding} cannot be split at "|". Save it as UTF-8.`);
  }
  const { cells, end, rows } = firstRows(rest, delimiter, bytes > HEAD_BYTES);
  if (above + end >= HEAD_BYTES && bytes > HEAD_BYTES) throw refused('file', 'The header of the file is too long.');
  const decode = cellDecoder(encoding);
  const text = (cell: string) => (decode(cell) ?? cell).trim();
  const first = cells.map(text);
  const isHeaderless = first.some((cell) => parseMailbox(cell) !== undefined);
  const below = (isHeaderless ? [cells, ...rows] : rows).map((row) => row.map(text));
  const headers = isHeaderless ? first.map((_, at) => `Column ${at + 1}`) : first;
  const found = columnsOf({ headers, rows: below, statuses: options.statuses }, options.mapping);
  if (found.kind === 'faults') throw refused(found.about, ...found.sentences);
  const { columns, format } = found;
  const sample = sampleOf(
    { columns, format, decode, ...options, parseAddress: parseMailbox },
    isHeaderless ? [cells, ...rows] : rows,
    isHeaderless,
  );
  const guess = guessOf(upload, options, { columns, rows: below, isNamed: named !== undefined });
  const start = isHeaderless ? above : above + end;
  return {
    name,
    bytes,
    encoding,
    delimiter,
    columns,
    start,
    format,
    isHeaderless,
    guess,
    sample,
    statuses: [...options.statuses],
  };
}

function storedEncoding({ encoding, sentEncoding, isNamed }: StoredUpload, given: string | undefined): string {
  if (given === undefined || isNamed || given === encoding) return encoding;
  if (containsAscii(given)) return given;
  if (given === sentEncoding) return encoding;
  throw refused('encoding', `Give the encoding ${given} before the file, or as a query parameter.`);
}

/** The first record, the byte after it, and the records of the head below it that are complete. */
function firstRows(head: Buffer, delimiter: Delimiter, isCut: boolean) {
  const all = recordsIn(head, delimiter) ?? recordsIn(head, delimiter, 1);
  if (all === undefined) throw refused('file', 'The header of the file has a quote that is not closed.');
  const [first, ...others] = all;
  if (first === undefined) throw refused('file', 'The file is empty.');
  const rows = others.slice(0, isCut ? -1 : undefined).map(({ record }) => record);
  return { cells: first.record, end: first.info.bytes, rows };
}

interface FoundRecord {
  readonly record: string[];
  readonly info: { readonly bytes: number };
}

function recordsIn(head: Buffer, delimiter: Delimiter, to = -1): readonly FoundRecord[] | undefined {
  try {
    return parse(head, {
      ...CSV_PARSE_OPTIONS,
      record_delimiter: [...CSV_PARSE_OPTIONS.record_delimiter],
      delimiter,
      to,
      info: true,
    }) as unknown as FoundRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return undefined;
  }
}

function sampleOf(reader: RowReader, rows: readonly (readonly string[])[], isHeaderless: boolean): SampleRow[] {
  return rows.slice(0, SAMPLE_ROWS).map((cells, at): SampleRow => {
    const read = readRow(reader, cells, at);
    const row = at + (isHeaderless ? 1 : 2);
    if (read.kind === 'error') return { row, error: read.error.reason, column: read.error.column };
    const { email, first_name = null, last_name = null, attributes = {}, tags = [], standing } = read.request;
    return {
      row,
      email,
      first_name,
      last_name,
      status: standing?.status ?? 'active',
      tags: [...new Set(tags)],
      attributes: attributes as Attributes,
    };
  });
}

interface FileRows {
  readonly columns: CsvFile['columns'];
  readonly rows: readonly (readonly string[])[];
  readonly isNamed: boolean;
}

function guessOf(upload: StoredUpload, options: FileOptions, { columns, rows, isNamed }: FileRows): Guess {
  const { container, sentEncoding } = upload;
  const values = statusValues(columns, rows, options.statuses);
  const isMapped = ({ header }: { header: string }) =>
    Object.keys(options.mapping).some((name) => sameHeader(name, header));
  return {
    container,
    encoding: options.encoding !== undefined && !upload.isNamed ? options.encoding : sentEncoding,
    guessed: [
      ...(options.encoding === undefined && !upload.isNamed ? ['encoding' as const] : []),
      ...(options.delimiter === undefined && !isNamed && container !== 'xlsx' ? ['delimiter' as const] : []),
      ...(columns.every(isMapped) ? [] : ['columns' as const]),
      ...(values.some(({ isGiven }) => !isGiven) ? ['statuses' as const] : []),
    ],
    status_values: values,
  };
}

function sameHeader(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

/** What the first rows say in their status columns, and what it means. */
function statusValues(columns: CsvFile['columns'], rows: FileRows['rows'], statuses: GivenStatuses): StatusValue[] {
  const found = new Map<string, StatusValue>();
  for (const [at, { header, field }] of columns.entries()) {
    if (!isStatusField(field)) continue;
    for (const row of rows) {
      const value = row[at] ?? '';
      const key = `${header}\n${value}`;
      if (value === '' || value.length > 100 || found.size >= STATUS_VALUES || found.has(key)) continue;
      const status: SubscriberStatus | 'unknown' | undefined = statusIn(field, value, statuses);
      const shown = status === 'unknown' || status === undefined ? null : status;
      found.set(key, { column: header, value, status: shown, isGiven: statusIn(field, value) !== status });
    }
  }
  return [...found.values()];
}
