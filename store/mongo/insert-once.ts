import type { Collection, Document, Filter, OptionalUnlessRequiredId } from 'mongodb';
import { isDuplicateKey } from './duplicate-key.js';

/** `origin`: the claim of the Idempotency-Key that created the row; unique in its account. */
interface MadeOnce extends Document {
  readonly account: number;
  readonly origin?: string;
}

/** Adds the row, or returns the one that its `origin` created before. Atomic: one insert, unless `insert` does more. */
export async function addOnce<T extends MadeOnce>(
  rows: Collection<T>,
  row: T,
  insert = plainInsert(rows, row),
): Promise<T> {
  try {
    await insert();
    return row;
  } catch (error) {
    const earlier = await earlierOf(rows, row, error);
    if (earlier === null) throw error;
    return earlier;
  }
}

/** Like `addOnce`, for rows with another unique key: `taken` where another row has it. */
export async function addUnlessTaken<T extends MadeOnce>(
  rows: Collection<T>,
  row: T,
  insert = plainInsert(rows, row),
): Promise<T | 'taken'> {
  try {
    await insert();
    return row;
  } catch (error) {
    return (await earlierOf(rows, row, error)) ?? 'taken';
  }
}

function plainInsert<T extends MadeOnce>(rows: Collection<T>, row: T): () => Promise<unknown> {
  return () => rows.insertOne(row as OptionalUnlessRequiredId<T>);
}

async function earlierOf<T extends MadeOnce>(
  rows: Collection<T>,
  { account, origin }: MadeOnce,
  error: unknown,
): Promise<T | null> {
  if (!isDuplicateKey(error)) throw error;
  return origin === undefined ? null : ((await rows.findOne({ account, origin } as Filter<T>)) as T | null);
}
