import { MongoServerError } from 'mongodb';

export const DUPLICATE_KEY = 11_000;

/** Somebody was quicker: a row with this unique key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}
