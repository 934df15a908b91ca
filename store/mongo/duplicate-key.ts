import {
  type Collection,
  type Document,
  MongoBulkWriteError,
  MongoServerError,
  type OptionalUnlessRequiredId,
  type WriteError,
} from 'mongodb';

const DUPLICATE_KEY = 11_000;

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

/** The writes of a bulk that found an existing row; rethrows the error if anything else failed or is unconfirmed. */
export function duplicatesIn(error: unknown): readonly WriteError[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  return failures;
}
