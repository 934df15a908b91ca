import { Failure } from '../../../../domain/errors.js';
import { refused } from '../../../uploads.js';
import { xmlReader } from './xml.js';

/** What the sheet of a workbook refers to. */
export interface Workbook {
  readonly strings: readonly string[];
  /** Whether a cell of this style shows a date. */
  readonly isDate: (style: number) => boolean;
  /** Days are counted from 1904, as in files of old Macs. */
  readonly from1904: boolean;
}

const MOST_COLUMNS = 1_000;
/** As in Excel. */
const LONGEST_CELL = 32_767;
const LONGEST_ROW = 262_144;
/** Bytes of XML that are read at once: many short cells may refer to one long text. */
const STEP = 4_096;
/** Blank rows are missing in the XML. Above the first address they count, because a header may be below them. */
const BLANK_ROWS = 100;
const DAY = 86_400_000;

interface CellType {
  readonly column: number;
  readonly type: string;
  readonly style: number;
}

/** The rows of a sheet as lines of CSV: dates in ISO 8601, numbers as plain digits, the last results of formulas. */
export async function* sheetLines(
  blocks: AsyncIterable<Buffer>,
  workbook: Workbook,
  limit: number,
): AsyncGenerator<Buffer> {
  const lines: string[] = [];
  let characters = 0;
  const reader = xmlReader(
    sheetHandlers(workbook, (cells) => {
      const line = csvLine(cells);
      characters += line.length;
      if (characters > limit) throw new Failure('payload_too_large');
      lines.push(line);
    }),
  );
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += STEP) {
      reader.write(block.subarray(at, at + STEP));
      if (lines.length > 0) yield Buffer.from(lines.splice(0).join(''));
    }
  }
  reader.end();
}

function sheetHandlers(workbook: Workbook, onRow: (cells: readonly string[]) => void) {
  let row: string[] = [];
  let cell: CellType | undefined;
  let [value, isValue, phonetic, length, number, rows] = ['', false, 0, 0, 0, 0];
  let isAbove = true;
  const close = (): void => {
    if (isAbove && row.length > 0) for (; rows < Math.min(number - 1, BLANK_ROWS); rows++) onRow([]);
    rows += 1;
    isAbove &&= !row.some((text) => text.includes('@'));
    onRow(row);
  };
  return {
    open: (tag: string, attributes: Readonly<Record<string, string>>) => {
      if (tag === 'row') {
        [row, length] = [[], 0];
        number = Number(attributes['r'] ?? 0);
      }
      if (tag === 'rPh') phonetic += 1;
      if (tag === 'c') {
        cell = typeOf(attributes, row.length);
        value = '';
      }
      isValue = cell !== undefined && phonetic === 0 && (tag === 'v' || tag === 't');
    },
    text: (text: string) => {
      if (isValue && value.length < LONGEST_CELL) value += text;
    },
    close: (tag: string) => {
      if (tag === 'v' || tag === 't') isValue = false;
      if (tag === 'rPh') phonetic -= 1;
      if (tag === 'c') {
        length += cell === undefined ? 0 : placed(row, cell.column, textOf(cell, value, workbook));
        if (length > LONGEST_ROW) throw refused('file', 'The workbook has a row of more than 262,144 characters.');
        cell = undefined;
      }
      if (tag === 'row') close();
    },
  };
}

/** Puts a cell into its column; returns how many characters it adds. */
function placed(row: string[], column: number, text: string): number {
  if (column >= MOST_COLUMNS) return 0;
  while (row.length < column) row.push('');
  row[column] = text;
  return text.length;
}

function typeOf({ r = '', t = 'n', s = '0' }: Readonly<Record<string, string>>, next: number): CellType {
  const letters = /^[A-Z]{1,3}/i.exec(r)?.[0].toUpperCase();
  const column =
    letters === undefined ? next : [...letters].reduce((at, letter) => at * 26 + letter.charCodeAt(0) - 64, 0) - 1;
  return { column, type: t, style: Number(s) };
}

function textOf({ type, style }: CellType, value: string, { strings, isDate, from1904 }: Workbook): string {
  switch (type) {
    case 's':
      return unescaped(strings[Number(value)] ?? '');
    case 'b':
      return value === '1' ? 'true' : value === '' ? '' : 'false';
    case 'e':
      return '';
    case 'n': {
      const number = Number(value);
      if (value.trim() === '' || !Number.isFinite(number)) return value;
      return isDate(style) ? dateOf(number, from1904) : plainNumber(number);
    }
    default:
      return unescaped(value);
  }
}

/** Without an exponent where the digits are exact: a telephone number stays one. */
function plainNumber(number: number): string {
  return Number.isSafeInteger(number) ? number.toFixed(0) : String(Number(number.toPrecision(15)));
}

/** Serial numbers count days from 30 December 1899; those before 1 March 1900 are one day off in Excel itself. */
function dateOf(serial: number, from1904: boolean): string {
  const days = from1904 ? serial + 1_462 : serial;
  const at = new Date(Date.UTC(1899, 11, 30) + Math.round((days * DAY) / 1_000) * 1_000);
  if (Number.isNaN(at.getTime()) || days < 0) return String(serial);
  if (days < 1) return at.toISOString().slice(11, 19);
  return Number.isInteger(days) ? at.toISOString().slice(0, 10) : at.toISOString().replace('.000', '');
}

/** `_x000D_` is a carriage return. */
function unescaped(text: string): string {
  return text.replace(/_x([0-9A-F]{4})_/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function csvLine(cells: readonly string[]): string {
  return `${Array.from(cells, (cell = '') => (/[",;\t|\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}
