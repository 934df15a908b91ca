import {
  type Collection,
  type Document,
  MongoBulkWriteError,
  MongoServerError,
  type OptionalUnlessRequiredId,
  type WriteError,
} from 'mongodb';

const DUPLICATE_KEY = 11_000;

/** Somebody was quicker: a row with this unique key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Adds a row whose id says what it holds; one that is there already stays as it is. Atomic: one insert. */
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

/** The writes of a bulk that found their row there; throws the error again if anything else went wrong or is unconfirmed. */
export function duplicatesIn(error: unknown): readonly WriteError[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  return failures;
}
