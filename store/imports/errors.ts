import type { RowError } from '../../domain/import/row-reading.js';
import type { Store } from '../mongo/connect.js';

interface ChunkErrors {
  readonly _id: string;
  readonly account: number;
  readonly import: number;
  /** How many rows come before this chunk. */
  readonly from: number;
  readonly errors: readonly RowError[];
}

export type ImportErrors = ReturnType<typeof importErrors>;

/** One document for each chunk under a fixed id: a repeated chunk replaces its own. */
export function importErrors({ db }: Store) {
  const chunks = db.collection<ChunkErrors>('import_errors');
  return {
    record: async (account: number, id: number, from: number, errors: readonly RowError[]): Promise<void> => {
      if (errors.length === 0) return;
      const chunk = { account, import: id, from, errors };
      await chunks.replaceOne({ _id: `${id}/${from}`, account }, chunk, { upsert: true });
    },

    /** In the order of the file, only of counted rows: the first `upTo`. */
    read: async function* (account: number, id: number, upTo: number): AsyncGenerator<RowError> {
      const counted = { account, import: id, from: { $lt: upTo } };
      for await (const { errors } of chunks.find(counted).sort({ from: 1 }).batchSize(50)) yield* errors;
    },
  };
}
