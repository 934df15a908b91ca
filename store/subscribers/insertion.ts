import type { Collection } from 'mongodb';
import type { Store } from '../mongo/connect.js';
import { duplicatesIn, isDuplicateKey } from '../mongo/duplicate-key.js';
import { inTransaction } from '../mongo/transaction.js';
import { type Cap, capacity } from '../quotas/capacity.js';
import type { Subscriber } from './row.js';

/** Rows that were not inserted, by the identity of the address. */
export interface InsertResult {
  /** Another writer inserted the person first. */
  readonly duplicates: Set<string>;
  /** Beyond the capacity of the plan. */
  readonly overCapacity: ReadonlySet<string>;
}

/** Inserts many rows; under a cap only the first ones within the capacity. Atomic per row, or as a whole under a cap. */
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

/** A duplicate aborts the transaction; the caller then reads all of them again. */
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
