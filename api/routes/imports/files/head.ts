import { type ColumnMapping, columnsOf, sameHeader } from '../../../../domain/import/columns.js';
import { type Delimiter, delimiterOf, namedDelimiter } from '../../../../domain/import/delimiter.js';
import { tableStart } from '../../../../domain/import/header-row.js';
import { type RowReader, readRow } from '../../../../domain/import/row-reading.js';
import { type GivenStatuses, isStatusField, statusIn } from '../../../../domain/import/statuses.js';
import type { Attributes, SubscriberStatus } from '../../../../domain/subscriber/subscriber.js';
import { parseAddressCell } from '../../../../mail/address-cell.js';
import type { CsvFile, Guess, SampleRow, StatusValue } from '../../../../store/imports/row.js';
import { cellDecoder } from '../../../../web/decoding/cells.js';
import { refused } from '../../../uploads.js';
import { containsAscii, HEAD_BYTES, type StoredUpload } from '../csv-file.js';
import { firstRows } from './first-rows.js';

/** What the request says of the file; the rest is guessed. */
export interface FileOptions {
  readonly mapping: ColumnMapping;
  readonly encoding: string | undefined;
  readonly delimiter: Delimiter | undefined;
  readonly statuses: GivenStatuses;
  readonly tags: readonly string[];
  /** As in a spreadsheet; 0: the file has no header. */
  readonly headerRow: number | undefined;
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
  const decode = cellDecoder(encoding);
  const table = tableIn(rest, { delimiter, isCut: bytes > HEAD_BYTES, decode }, options);
  const found = columnsOf({ ...table, statuses: options.statuses, isAddress }, options.mapping);
  if (found.kind === 'faults') throw refused(found.about, ...found.sentences);
  const { columns, format } = found;
  const reader = { columns, format, decode, ...options, parseAddress: parseAddressCell };
  return {
    name,
    bytes,
    encoding,
    delimiter,
    columns,
    start: above + table.start,
    firstRow: table.firstRow,
    format,
    guess: guessOf(upload, options, { ...table, columns, isNamed: named !== undefined }),
    sample: sampleOf(reader, table),
    statuses: [...options.statuses],
  };
}

/** The beginning of the table in a file. */
interface TableHead {
  readonly headers: readonly string[];
  /** Its first rows, and the same with cells as bytes; blank rows are left out. */
  readonly rows: readonly (readonly string[])[];
  readonly stored: readonly (readonly string[])[];
  /** The byte of its first row. */
  readonly start: number;
  /** The number of its first row in a spreadsheet. */
  readonly firstRow: number;
  /** The number of the header in a spreadsheet; null if there is none. */
  readonly headerRow: number | null;
  readonly isStartGuessed: boolean;
}

interface Reading {
  readonly delimiter: Delimiter;
  readonly isCut: boolean;
  readonly decode: RowReader['decode'];
}

function tableIn(head: Buffer, { delimiter, isCut, decode }: Reading, options: FileOptions): TableHead {
  const all = firstRows(head, delimiter, isCut);
  if (all.length === 0 && head.length > 0) {
    throw refused('file', `The header of the file ${isCut ? 'is too long' : 'has a quote that is not closed'}.`);
  }
  const rows = all.map(({ cells }) => cells.map((cell) => (decode(cell) ?? cell).trim()));
  if (!rows.some((row) => row.some(Boolean))) throw refused('file', 'The file is empty.');
  const { at, isHeader, isGuessed } = tableStart({ rows, isAddress, ...options });
  if (at >= rows.length) throw refused('header_row', `The beginning of the file has no row ${at + 1}.`);
  const from = isHeader ? at + 1 : at;
  const below = all
    .slice(from)
    .flatMap(({ cells }, i) => (rows[from + i]?.some(Boolean) ? [{ cells, i: from + i }] : []));
  return {
    headers: isHeader ? (rows[at] ?? []) : numberedColumns(rows.slice(from)),
    rows: below.map(({ i }) => rows[i] ?? []),
    stored: below.map(({ cells }) => cells),
    start: all[from - 1]?.end ?? 0,
    firstRow: from + 1,
    headerRow: isHeader ? at + 1 : null,
    isStartGuessed: isGuessed,
  };
}

function numberedColumns(rows: readonly (readonly string[])[]): string[] {
  const widest = rows.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: widest }, (_, column) => `Column ${column + 1}`);
}

function isAddress(cell: string): boolean {
  return parseAddressCell(cell) !== undefined;
}

function storedEncoding({ encoding, sentEncoding, isNamed }: StoredUpload, given: string | undefined): string {
  if (given === undefined || isNamed || given === encoding) return encoding;
  if (containsAscii(given)) return given;
  if (given === sentEncoding) return encoding;
  throw refused('encoding', `Give the encoding ${given} before the file, or as a query parameter.`);
}

function sampleOf(reader: RowReader, { stored, firstRow }: TableHead): SampleRow[] {
  return stored.slice(0, SAMPLE_ROWS).map((cells, at): SampleRow => {
    const read = readRow(reader, cells, at);
    const row = at + firstRow;
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

interface ReadHead extends TableHead {
  readonly columns: CsvFile['columns'];
  readonly isNamed: boolean;
}

function guessOf(upload: StoredUpload, options: FileOptions, head: ReadHead): Guess {
  const { container, sentEncoding } = upload;
  const { columns, rows, isNamed, headerRow, isStartGuessed } = head;
  const values = statusValues(columns, rows, options.statuses);
  const isMapped = ({ header }: { header: string }) =>
    Object.keys(options.mapping).some((name) => sameHeader(name, header));
  return {
    container,
    encoding: options.encoding !== undefined && !upload.isNamed ? options.encoding : sentEncoding,
    headerRow,
    guessed: [
      ...(options.encoding === undefined && !upload.isNamed ? ['encoding' as const] : []),
      ...(options.delimiter === undefined && !isNamed && container !== 'xlsx' ? ['delimiter' as const] : []),
      ...(isStartGuessed ? ['header_row' as const] : []),
      ...(columns.every(isMapped) ? [] : ['columns' as const]),
      ...(values.some(({ isGiven }) => !isGiven) ? ['statuses' as const] : []),
      ...(hasNamesBesideAddresses(columns, rows) ? ['addresses' as const] : []),
    ],
    status_values: values,
  };
}

/** Whether addresses stand in a form such as `Ada <ada@shop.example>`. */
function hasNamesBesideAddresses(columns: CsvFile['columns'], rows: TableHead['rows']): boolean {
  const at = columns.findIndex(({ field }) => field === 'email');
  return rows.some((row) => parseAddressCell(row[at] ?? '')?.isBare === false);
}

/** What the first rows say in their status columns, and what it means. */
function statusValues(columns: CsvFile['columns'], rows: TableHead['rows'], statuses: GivenStatuses): StatusValue[] {
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
