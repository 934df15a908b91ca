import type { Collection } from 'mongodb';
import type { Store } from './connect.js';
import { duplicatesIn, isDuplicateKey } from './duplicate-key.js';
import { type Cap, room } from './room.js';
import type { Subscriber } from './subscribers.js';
import { together } from './transaction.js';

/** What became of new rows, by the identity of the address. */
export interface Placed {
  /** Somebody else was quicker: the person is there by now. */
  readonly lost: Set<string>;
  /** The plan has no room for them. */
  readonly over: ReadonlySet<string>;
}

/** Adds many people; under a cap the first of them that there is room for. Atomic per row, or as a whole under a cap. */
export async function placed<T extends Subscriber>(
  store: Store,
  account: number,
  fresh: readonly T[],
): Promise<Placed> {
  if (fresh.length === 0) return { lost: new Set(), over: new Set() };
  const rows = store.db.collection<Subscriber>('subscribers');
  const cap = await room(store.db).capOf(account, 'subscribers');
  return cap === null ? { lost: await inserted(rows, fresh), over: new Set() } : withinCap(store, rows, cap, fresh);
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
): Promise<Placed> {
  const places = room(store.db);
  try {
    const granted = await together(store, async (session) => {
      const taken = await places.take(session, cap, fresh.length);
      if (taken > 0) await rows.insertMany(fresh.slice(0, taken), { session });
      return taken;
    });
    return { lost: new Set(), over: keysOf(fresh.slice(granted)) };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return { lost: keysOf(fresh), over: new Set() };
  }
}

function keysOf(rows: readonly Subscriber[]): Set<string> {
  return new Set(rows.map(({ email_key }) => email_key));
}
