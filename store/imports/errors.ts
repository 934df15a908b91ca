import type { Refusal } from '../../domain/import/row-fate.js';
import type { Store } from '../mongo/connect.js';

/** Why a row of a file was not imported. */
export type RowFault = 'missing_email' | 'invalid_email' | 'too_long' | 'not_of_its_type' | 'unknown_field' | Refusal;

export interface RowError {
  /** As a spreadsheet counts: the header is row 1; empty rows are not counted. */
  readonly row: number;
  /** The header of the cell at fault. */
  readonly column: string;
  readonly reason: RowFault;
  readonly value: string;
}

interface ChunkErrors {
  readonly _id: string;
  readonly account: number;
  readonly import: number;
  /** Rows done with before this chunk. */
  readonly from: number;
  readonly errors: readonly RowError[];
}

export type ImportErrors = ReturnType<typeof importErrors>;

/** One document a chunk under a fixed id: a repeated chunk replaces its own. */
export function importErrors({ db }: Store) {
  const chunks = db.collection<ChunkErrors>('import_errors');
  return {
    record: async (account: number, id: number, from: number, errors: readonly RowError[]): Promise<void> => {
      if (errors.length === 0) return;
      const chunk = { account, import: id, from, errors };
      await chunks.replaceOne({ _id: `${id}/${from}`, account }, chunk, { upsert: true });
    },

    /** In the order of the file, and only of rows that are counted: the first `upTo`. */
    read: async function* (account: number, id: number, upTo: number): AsyncGenerator<RowError> {
      const counted = { account, import: id, from: { $lt: upTo } };
      for await (const { errors } of chunks.find(counted).sort({ from: 1 }).batchSize(50)) yield* errors;
    },
  };
}
