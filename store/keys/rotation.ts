import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { keyStatusOf, mayBeUsed } from '../../domain/account/key.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { findOwned } from '../mongo/ownership.js';
import { inTransaction } from '../mongo/transaction.js';
import { type IssuedKey, type Key, newKey, newSecret, rootKeyOf } from './keys.js';

/** Why a key was not exchanged. */
export type NotRotated = 'missing' | 'foreign' | 'ended' | 'rotating' | 'not_a_successor';

export type KeyRotation = ReturnType<typeof keyRotation>;

/** Replaces a key with another one of the same terms. Each change of two keys is one transaction. */
export function keyRotation(store: Store) {
  const rows = store.db.collection<Key>('keys');
  const ids = counters(store);

  /** The key if it can be rotated now, otherwise the reason. */
  const exchangeable = async (account: number, id: number): Promise<Key | NotRotated> => {
    const key = await findOwned(rows, account, id);
    if (typeof key === 'string') return key;
    const state = keyStatusOf(key, now());
    if (!mayBeUsed(state)) return 'ended';
    return state === 'retiring' ? 'rotating' : key;
  };

  /** Creates the successor and changes the old key in one transaction; a concurrent rotation gets `rotating`. */
  const exchange = async (old: Key, after: Partial<Key>, replaces: number | null): Promise<IssuedKey | NotRotated> => {
    const secret = newSecret();
    const { account, name, scopes, lists, domains, per_minute, expires_at } = old;
    const terms = { name, scopes, lists, domains, per_minute, expires_at };
    const key = { ...newKey(await ids.block('keys'), account, terms, secret), replaces, root_key: rootKeyOf(old) };
    const done = await inTransaction(store, async (session) => {
      const change = await rows.updateOne({ _id: old._id, account, state: 'active' }, { $set: after }, { session });
      if (change.modifiedCount === 1) await rows.insertOne(key, { session });
      return change.modifiedCount === 1;
    });
    return done ? { key, secret } : 'rotating';
  };

  return {
    /** Creates a successor; the old key works until the successor is validated, or for `overlap` milliseconds where set. */
    rotate: async (account: number, id: number, overlap: number | null): Promise<IssuedKey | NotRotated> => {
      const old = await exchangeable(account, id);
      if (typeof old === 'string') return old;
      const retires_at = overlap === null ? null : new Date(now().getTime() + overlap);
      return exchange(old, { state: 'retiring', retires_at }, id);
    },

    /** Creates a successor and ends the old key at once. */
    reset: async (account: number, id: number): Promise<IssuedKey | NotRotated> => {
      const old = await exchangeable(account, id);
      return typeof old === 'string' ? old : exchange(old, { state: 'revoked' }, null);
    },

    /** Ends the old key; the successor remains. Idempotent. */
    validate: async (account: number, id: number): Promise<Key | NotRotated> => {
      const key = await findOwned(rows, account, id);
      if (typeof key === 'string') return key;
      if (!mayBeUsed(keyStatusOf(key, now()))) return 'ended';
      const { replaces } = key;
      if (replaces === null) return key.validated ? key : 'not_a_successor';
      await inTransaction(store, (session) => promote(rows, key, replaces, session));
      return { ...key, replaces: null };
    },
    ...reminding(rows),
  };
}

function reminding(rows: Collection<Key>) {
  return {
    /** Keys that are due for a rotation and whose owners were not reminded yet, oldest first. */
    due: (): AsyncIterable<Key> =>
      rows
        .find({ state: 'active', rotation_due_at: { $lte: now() }, reminded: { $exists: false } })
        .sort({ rotation_due_at: 1 }),

    /** Records that the owner was reminded. */
    recordReminded: async ({ account, _id }: Pick<Key, 'account' | '_id'>): Promise<void> => {
      await rows.updateOne({ account, _id }, { $set: { reminded: true } });
    },
  };
}

async function promote(rows: Collection<Key>, { account, _id }: Key, old: number, session: ClientSession) {
  await rows.updateOne({ account, _id }, { $set: { replaces: null, validated: true } }, { session });
  await rows.updateOne({ account, _id: old }, { $set: { state: 'revoked' } }, { session });
}
