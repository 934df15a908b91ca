import { MongoError, MongoServerError } from 'mongodb';

/** Server codes after which a write may or may not have happened: no primary, stepping down, stopping, out of time. */
const PASSING = new Set([6, 7, 50, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

/** True where nobody can say whether the operation happened, or where the same operation may succeed in a moment. */
export function outcomeIsUnknown(error: unknown): boolean {
  if (!(error instanceof MongoError)) return false;
  if (!(error instanceof MongoServerError)) return true;
  return PASSING.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
}
