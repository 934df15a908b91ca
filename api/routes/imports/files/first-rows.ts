import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { CSV_PARSE_OPTIONS } from '../../../../domain/import/csv-options.js';
import type { Delimiter } from '../../../../domain/import/delimiter.js';

/** A row of the beginning of a file; blank rows are rows. */
export interface FirstRow {
  /** Cells as bytes (Latin-1). */
  readonly cells: readonly string[];
  /** The byte after the row and its line end. */
  readonly end: number;
}

/** The complete rows of the beginning of a file, up to a quote that is not closed. `isCut`: the file goes on behind it. */
export function firstRows(head: Buffer, delimiter: Delimiter, isCut: boolean): readonly FirstRow[] {
  const found: FirstRow[] = [];
  try {
    parse(head, {
      ...CSV_PARSE_OPTIONS,
      record_delimiter: [...CSV_PARSE_OPTIONS.record_delimiter],
      skip_empty_lines: false,
      skip_records_with_empty_values: false,
      delimiter,
      on_record: (cells: string[], { bytes }) => {
        found.push({ cells, end: bytes });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return found;
  }
  return isCut ? found.slice(0, -1) : found;
}
