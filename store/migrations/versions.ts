import type { Db } from 'mongodb';
import { addFirstIds } from './first-ids.js';

/** A change of stored documents. */
export interface Migration {
  /** The version of the database once it is done: one more than before. */
  readonly version: number;
  /** For `everpost migrate --check`, behind "would run". */
  readonly does: string;
  /**
   * Changes only documents that it has not changed yet: it runs again after a crash, and two processes may run it at the same
   * time where one was suspended for longer than its lease. The previous build must go on running on the changed documents.
   */
  readonly run: (db: Db) => Promise<unknown>;
}

/** Every migration, in order; a release contains at most one. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, does: 'each ledger page gets the lowest id of its recipients', run: addFirstIds },
];

/** The version that this build brings a database to. It also runs on the next one, and on no later one. */
export const DATABASE_VERSION: number = MIGRATIONS.length;

/** The database and this build do not fit. The message is for operators and says what to do. */
export class DatabaseVersionError extends Error {
  override readonly name: string = 'DatabaseVersionError';
}

/** Whether a build of the version `own` may run on a database of the version `found`. */
export function runsOn(found: number, own: number): boolean {
  return found <= own + 1;
}

/** Throws if a build of the version `own` must not run on a database of the version `found`. */
export function demandKnownVersion(database: string, found: number, own: number): void {
  if (runsOn(found, own)) return;
  throw new DatabaseVersionError(
    `The database ${database} has version ${found}, and this build of Everpost runs on version ${own + 1} at most: ` +
      'start the newer build that has migrated it, or restore a backup from before its upgrade.',
  );
}
