import { type Db, MongoServerError } from 'mongodb';
import type { Index } from './definition.js';
import { INDEXES } from './indexes.js';

interface FoundIndex {
  readonly key: Record<string, unknown>;
  /** Of an index that is being built: its description is inside. */
  readonly spec?: { readonly key: Record<string, unknown> };
}

/** The indexes of a collection that queries cannot use yet. */
export interface MissingIndexes {
  readonly on: string;
  /** Whether the collection exists; an index of a new one costs nothing. */
  readonly exists: boolean;
  readonly indexes: readonly (Index & { readonly state: 'missing' | 'building' })[];
}

/** What each collection lacks; collections that lack nothing are left out. */
export async function missingIndexes(db: Db, wanted: readonly Index[] = INDEXES): Promise<readonly MissingIndexes[]> {
  const names = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  const collections = [...new Set(wanted.map(({ on }) => on))];
  const found = await Promise.all(
    collections.map(async (on) => {
      const there = names.has(on) ? await indexesOf(db, on) : undefined;
      const ofCollection = wanted.filter((index) => index.on === on);
      return { on, exists: there !== undefined, indexes: ofCollection.flatMap((index) => lacking(index, there ?? [])) };
    }),
  );
  return found.filter(({ indexes }) => indexes.length > 0);
}

/** An index that is being built counts as lacking. */
function lacking(index: Index, there: readonly FoundIndex[]) {
  const keys = JSON.stringify(index.keys);
  if (there.some(({ key }) => JSON.stringify(key) === keys)) return [];
  const isBuilt = there.some(({ spec }) => spec !== undefined && JSON.stringify(spec.key) === keys);
  return [{ ...index, state: isBuilt ? ('building' as const) : ('missing' as const) }];
}

const NAMESPACE_NOT_FOUND = 26;

async function indexesOf(db: Db, on: string): Promise<readonly FoundIndex[] | undefined> {
  try {
    const { cursor } = await db.command({ listIndexes: on, includeBuildUUIDs: true, cursor: { batchSize: 1_000 } });
    return cursor.firstBatch;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return undefined;
    throw error;
  }
}
