import { type Db, MongoServerError } from 'mongodb';

interface RetiredIndex {
  readonly on: string;
  readonly name: string;
}

/** Indexes of earlier versions that no query uses any more. */
export const RETIRED_INDEXES: readonly RetiredIndex[] = [
  // An empty page made it multikey: the page of a recipient was then found by a sort in memory.
  { on: 'ledger', name: 'campaign_1_launch_1_round_1_ids.0_1' },
];

const NAMESPACE_NOT_FOUND = 26;
const INDEX_NOT_FOUND = 27;

/** Drops an index unless another process has done so. */
export async function dropIfPresent(db: Db, { on, name }: RetiredIndex): Promise<void> {
  try {
    await db.collection(on).dropIndex(name);
  } catch (error) {
    const isAbsent =
      error instanceof MongoServerError && (error.code === INDEX_NOT_FOUND || error.code === NAMESPACE_NOT_FOUND);
    if (!isAbsent) throw error;
  }
}
