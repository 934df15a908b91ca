import {
  type Collection,
  type Document,
  type Filter,
  MongoBulkWriteError,
  MongoServerError,
  type OptionalUnlessRequiredId,
  type WriteError,
} from 'mongodb';

export const DUPLICATE_KEY = 11_000;

/** A row with this unique key exists already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Adds a row whose id determines its content; an existing one stays unchanged. Atomic: one insert. */
export async function insertOnce<T extends Document>(
  rows: Collection<T>,
  row: OptionalUnlessRequiredId<T>,
): Promise<'inserted' | 'known'> {
  try {
    await rows.insertOne(row);
    return 'inserted';
  } catch (error) {
    if (isDuplicateKey(error)) return 'known';
    throw error;
  }
}

/**
 * The writes of a bulk that found an existing row; rethrows the error if anything else failed or is unconfirmed. The driver
 * (7.9) wraps a lost connection as a MongoBulkWriteError without write errors.
 */
export function duplicatesIn(error: unknown): readonly WriteError[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
  const failures = error.result.getWriteErrors();
  if (failures.length === 0 || failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  return failures;
}

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
