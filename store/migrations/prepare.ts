import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { buildIndexes } from '../indexes/build.js';
import { migrate } from './migrate.js';
import { DATABASE_VERSION } from './versions.js';

const NOTHING = { rest: async () => undefined };
/** Milliseconds until a failed build in the background is tried again. */
const TRY_AGAIN = 60_000;

/**
 * Brings the database to the version of this build: documents, then indexes. `rest` builds the indexes that a start does not
 * wait for. The indexes of a newer database are those of its build: they stay as they are.
 */
export async function prepareDatabase(db: Db): Promise<{ readonly rest: () => Promise<void> }> {
  const { version } = await migrate(db);
  return version > DATABASE_VERSION ? NOTHING : buildIndexes(db);
}

/** Builds in the background until it has succeeded or the process ends; the doctor shows indexes that are missing. */
export async function inBackground(build: () => Promise<void>, closed: AbortSignal): Promise<void> {
  while (!closed.aborted) {
    try {
      return await build();
    } catch {
      await delay(TRY_AGAIN, undefined, { signal: closed, ref: false }).catch(() => undefined);
    }
  }
}
