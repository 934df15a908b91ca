import type { Collection } from 'mongodb';
import type { Store } from '../mongo/connect.js';
import { duplicatesIn, isDuplicateKey } from '../mongo/duplicate-key.js';
import { inTransaction } from '../mongo/transaction.js';
import { type Cap, capacity } from '../quotas/capacity.js';
import type { Subscriber } from './subscribers.js';

/** What became of new rows, by the identity of the address. */
export interface InsertResult {
  /** Somebody else was quicker: the person is there by now. */
  readonly duplicates: Set<string>;
  /** The plan has no room for them. */
  readonly overCapacity: ReadonlySet<string>;
}

/** Adds many people; under a cap the first of them that there is room for. Atomic per row, or as a whole under a cap. */
export async function insertSubscribers<T extends Subscriber>(
  store: Store,
  account: number,
  fresh: readonly T[],
): Promise<InsertResult> {
  if (fresh.length === 0) return { duplicates: new Set(), overCapacity: new Set() };
  const rows = store.db.collection<Subscriber>('subscribers');
  const cap = await capacity(store.db).capOf(account, 'subscribers');
  return cap === null
    ? { duplicates: await inserted(rows, fresh), overCapacity: new Set() }
    : withinCap(store, rows, cap, fresh);
}

async function inserted(rows: Collection<Subscriber>, fresh: readonly Subscriber[]): Promise<Set<string>> {
  try {
    await rows.insertMany([...fresh], { ordered: false });
    return new Set();
  } catch (error) {
    return new Set(duplicatesIn(error).flatMap(({ index }) => fresh[index]?.email_key ?? []));
  }
}

/** One who was quicker ends the transaction: then all of them are looked up again. */
async function withinCap(
  store: Store,
  rows: Collection<Subscriber>,
  cap: Cap,
  fresh: readonly Subscriber[],
): Promise<InsertResult> {
  const capacityOf = capacity(store.db);
  try {
    const granted = await inTransaction(store, async (session) => {
      const taken = await capacityOf.take(session, cap, fresh.length);
      if (taken > 0) await rows.insertMany(fresh.slice(0, taken), { session });
      return taken;
    });
    return { duplicates: new Set(), overCapacity: keysOf(fresh.slice(granted)) };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return { duplicates: keysOf(fresh), overCapacity: new Set() };
  }
}

function keysOf(rows: readonly Subscriber[]): Set<string> {
  return new Set(rows.map(({ email_key }) => email_key));
}
