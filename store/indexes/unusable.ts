import type { Db } from 'mongodb';
import type { Index } from './definition.js';
import { INDEXES } from './indexes.js';

interface FoundIndex {
  readonly key: Record<string, unknown>;
  /** Of an index that is being built: its description is inside. */
  readonly spec?: { readonly key: Record<string, unknown> };
}

/** An index that is not there; `building` where the database builds it at this moment. */
interface UnusableIndex extends Pick<Index, 'on' | 'serves'> {
  readonly keys: string;
  readonly state: 'missing' | 'building';
}

/** The indexes that queries cannot use yet. None for collections that do not exist: they are made with their indexes. */
export async function unusableIndexes(db: Db): Promise<UnusableIndex[]> {
  const names = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  const collections = [...new Set(INDEXES.map(({ on }) => on))].filter((name) => names.has(name));
  const found = await Promise.all(
    collections.map(async (on) => {
      const { cursor } = await db.command({ listIndexes: on, includeBuildUUIDs: true, cursor: { batchSize: 1_000 } });
      return [on, cursor.firstBatch as readonly FoundIndex[]] as const;
    }),
  );
  return found.flatMap(([on, indexes]) =>
    INDEXES.filter((index) => index.on === on).flatMap(({ keys, serves }) => {
      const wanted = JSON.stringify(keys);
      if (indexes.some(({ key }) => JSON.stringify(key) === wanted)) return [];
      const isBuilt = indexes.some(({ spec }) => spec !== undefined && JSON.stringify(spec.key) === wanted);
      return [{ on, serves, keys: wanted, state: isBuilt ? ('building' as const) : ('missing' as const) }];
    }),
  );
}
