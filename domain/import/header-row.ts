import { type ColumnMapping, isEmailHeader, sameHeader } from './columns.js';

/** Rows in which a header is looked for: a title, a date or the filter of a report may stand above it. */
const MOST_ROWS_ABOVE = 30;

/** Where the table begins. */
export interface TableStart {
  /** The first row of the table: its header, or its first person. */
  readonly at: number;
  readonly isHeader: boolean;
  /** It is not simply the first row that is not blank. */
  readonly isGuessed: boolean;
}

interface FirstRows {
  /** From the first row of the file on, blank rows included. */
  readonly rows: readonly (readonly string[])[];
  /** The columns that the caller maps. */
  readonly mapping: ColumnMapping;
  /** The number of the header as the caller gives it; 0: there is none. */
  readonly headerRow: number | undefined;
  readonly isAddress: (cell: string) => boolean;
}

/**
 * Finds the header: the row with all mapped headers, or the first one with a known header of addresses, or the fullest one above the
 * first address. A file that has no row above its first address, or only a title, has no header.
 */
export function tableStart({ rows, mapping, headerRow, isAddress }: FirstRows): TableStart {
  const top = rows.slice(0, MOST_ROWS_ABOVE);
  const first = Math.max(0, top.findIndex(isFilled));
  const header = (at: number): TableStart => ({ at, isHeader: true, isGuessed: at !== first });
  const address = rows.findIndex((row) => row.some(isAddress));
  if (headerRow !== undefined) return givenStart(headerRow, address < 0 ? first : address);
  const mapped = Object.keys(mapping);
  const wanted = top.findIndex((row) => mapped.every((name) => row.some((cell) => sameHeader(cell, name))));
  if (mapped.length > 0 && wanted >= 0) return header(wanted);
  const named = top.findIndex((row) => row.some(isEmailHeader) && !row.some(isAddress));
  if (named >= 0 && (address < 0 || address > named || isFullest(top, named))) return header(named);
  if (address < 0) return header(first);
  const above = fullestAbove(rows, address, isAddress);
  if (above !== undefined) return header(above);
  return { at: address, isHeader: false, isGuessed: true };
}

function givenStart(headerRow: number, firstPerson: number): TableStart {
  const isHeader = headerRow > 0;
  return { at: isHeader ? headerRow - 1 : firstPerson, isHeader, isGuessed: false };
}

/** Whether each row above is a note with fewer cells, such as `Exported by | ada@shop.example`. */
function isFullest(rows: FirstRows['rows'], at: number): boolean {
  return rows.slice(0, at).every((row) => cellsIn(row) < cellsIn(rows[at] ?? []));
}

/** The first of the fullest rows above an address that has a cell in its column; a title alone is no header. */
function fullestAbove(rows: FirstRows['rows'], address: number, isAddress: FirstRows['isAddress']): number | undefined {
  const person = rows[address] ?? [];
  const column = person.findIndex(isAddress);
  const above = rows.slice(0, Math.min(address, MOST_ROWS_ABOVE));
  const fits = above.map((row) => ((row[column] ?? '') === '' ? 0 : cellsIn(row)));
  const most = Math.max(0, ...fits);
  const isTitle = most < 2 && cellsIn(person) > 1;
  return most === 0 || isTitle ? undefined : fits.indexOf(most);
}

function isFilled(row: readonly string[]): boolean {
  return cellsIn(row) > 0;
}

function cellsIn(row: readonly string[]): number {
  return row.filter((cell) => cell !== '').length;
}
