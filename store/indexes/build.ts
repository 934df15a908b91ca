import type { Db } from 'mongodb';
import type { Index } from './definition.js';
import { INDEXES } from './indexes.js';
import { type MissingIndexes, missingIndexes } from './missing.js';
import { dropIfPresent, RETIRED_INDEXES } from './retired.js';

/** Documents of a collection up to which a start waits for its indexes: they are built within seconds. */
const LARGE_COLLECTION = 100_000;

export interface IndexBuild {
  /** Builds the indexes that a start does not wait for. */
  readonly rest: () => Promise<void>;
}

/**
 * Builds the missing indexes that a start waits for: unique ones, because rows are judged by them, and those of collections with
 * at most `large` documents. Until the rest is built, its queries are slow. Several processes may run it at once: the database
 * builds an index once, and answers all that asked for it.
 */
export async function buildIndexes(
  db: Db,
  { large = LARGE_COLLECTION, wanted = INDEXES }: { readonly large?: number; readonly wanted?: readonly Index[] } = {},
): Promise<IndexBuild> {
  const missing = await missingIndexes(db, wanted);
  const parts = await Promise.all(missing.map((one) => divided(db, one, large)));
  await Promise.all(parts.map(({ on, now }) => create(db, on, now)));
  const waiting = new Set(parts.filter(({ later }) => later.length > 0).map(({ on }) => on));
  // Queries use a retired index until its successor is there.
  const drop = (isWaiting: boolean) =>
    Promise.all(RETIRED_INDEXES.filter(({ on }) => waiting.has(on) === isWaiting).map((one) => dropIfPresent(db, one)));
  await drop(false);
  return {
    rest: async () => {
      for (const { on, later } of parts) await create(db, on, later);
      await drop(true);
    },
  };
}

async function divided(db: Db, { on, exists, indexes }: MissingIndexes, large: number) {
  const isLarge = exists && (await db.collection(on).estimatedDocumentCount()) > large;
  const waits = (index: Index) => !isLarge || index.options?.unique === true;
  return { on, now: indexes.filter(waits), later: indexes.filter((index) => !waits(index)) };
}

/** One command for all indexes of a collection: they share one pass over its documents. */
async function create(db: Db, on: string, indexes: readonly Index[]): Promise<void> {
  if (indexes.length === 0) return;
  const specifications = indexes.map(({ keys, options }) => ({ key: keys as Record<string, 1>, ...options }));
  await db.collection(on).createIndexes(specifications);
}
