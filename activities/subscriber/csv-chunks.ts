import type { Readable } from 'node:stream';
import { type CsvError, Parser } from 'csv-parse';
import { CSV_PARSE_OPTIONS } from '../../domain/import/csv-options.js';
import type { CsvFile, ImportPosition } from '../../store/imports/row.js';

/** The next rows of a file, or the reason why the rest cannot be read. */
export type CsvPiece =
  | { readonly kind: 'chunk'; readonly rows: readonly (readonly string[])[]; readonly end: ImportPosition }
  | {
      readonly kind: 'broken';
      readonly reason: 'unclosed_quote' | 'row_too_long';
      /** The first bytes of the row. */
      readonly start: string;
    };

export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The rows that one step of an import holds in memory and one write counts. */
export const CHUNK: ChunkLimits = { rows: 1_000, bytes: 1_048_576 };
export const LONGEST_ROW = 262_144;

interface FoundRow {
  readonly cells: readonly string[];
  /** The byte of the stored file after the row and its line end. */
  readonly end: number;
}

/**
 * Cuts a file into chunks from `from` on. The cuts depend only on the file and the limits, so that a repeated chunk is
 * the same chunk; blank rows are not counted.
 */
export async function* chunksOf(
  source: Readable,
  file: Pick<CsvFile, 'delimiter'>,
  from: ImportPosition,
  limits: ChunkLimits = CHUNK,
): AsyncGenerator<CsvPiece> {
  const parsing = parse(file, from.byte);
  let at = from;
  const cut = function* (all: boolean): Generator<CsvPiece> {
    for (
      let size = nextChunkSize(parsing.found, at, limits, all);
      size > 0;
      size = nextChunkSize(parsing.found, at, limits, all)
    ) {
      const rows = parsing.found.splice(0, size);
      at = { row: at.row + size, byte: rows.at(-1)?.end ?? at.byte };
      yield { kind: 'chunk', rows: rows.map(({ cells }) => cells), end: at };
    }
  };
  for await (const block of source) {
    await parsing.write(block as Buffer);
    if (parsing.trouble() !== undefined) break;
    yield* cut(false);
  }
  if (parsing.trouble() === undefined) await parsing.end();
  yield* cut(true);
  const trouble = parsing.trouble();
  if (trouble !== undefined) yield { kind: 'broken', reason: trouble, start: parsing.rowStart() };
}

/** The number of rows in the next chunk; 0 if there are not enough yet. */
function nextChunkSize(found: readonly FoundRow[], at: ImportPosition, limits: ChunkLimits, all: boolean): number {
  const bytes = found.findIndex(({ end }) => end - at.byte >= limits.bytes) + 1;
  const size = bytes > 0 && bytes < limits.rows ? bytes : limits.rows;
  if (found.length >= size) return size;
  return all ? found.length : 0;
}

/** Rows are added to `found` while they are parsed, so that the rows before a fault are not lost. */
function parse({ delimiter }: Pick<CsvFile, 'delimiter'>, start: number) {
  const found: FoundRow[] = [];
  let failure: CsvError | undefined;
  const after = { byte: start, read: start, text: '' };
  const parser = new Parser({
    delimiter,
    ...CSV_PARSE_OPTIONS,
    record_delimiter: [...CSV_PARSE_OPTIONS.record_delimiter],
    max_record_size: LONGEST_ROW,
    on_record: (cells: string[], { bytes }) => {
      found.push({ cells, end: start + bytes });
      return null;
    },
  });
  parser.resume();
  parser.on('error', (error: CsvError) => {
    failure = error;
  });
  return {
    found,
    write: async (block: Buffer) => {
      await new Promise<void>((resolve) => parser.write(block, () => resolve()));
      keepStart(after, found.at(-1)?.end ?? after.byte, block);
    },
    rowStart: () => after.text,
    end: () => new Promise<void>((resolve) => parser.end(() => resolve())),
    trouble: () => (failure === undefined ? undefined : troubleOf(failure)),
  };
}

interface OpenRow {
  /** Where the row begins, and the byte up to which the file is read. */
  byte: number;
  read: number;
  text: string;
}

const ROW_START = 60;

/** Remembers how the row begins that is not complete yet. */
function keepStart(row: OpenRow, end: number, block: Buffer): void {
  if (end > row.byte || row.text.length < ROW_START) {
    const isNew = end > row.byte;
    const from = isNew ? Math.max(0, end - row.read) : 0;
    const room = ROW_START - (isNew ? 0 : row.text.length);
    row.text = (isNew ? '' : row.text) + block.toString('latin1', from, from + room);
    row.byte = end;
  }
  row.read += block.length;
}

function troubleOf(failure: CsvError): 'unclosed_quote' | 'row_too_long' {
  if (failure.code === 'CSV_MAX_RECORD_SIZE') return 'row_too_long';
  if (failure.code === 'CSV_QUOTE_NOT_CLOSED') return 'unclosed_quote';
  throw failure;
}
