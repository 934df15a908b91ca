import { createHash, randomInt } from 'node:crypto';
import { now } from '../clock.js';
import type { Config } from '../config.js';
import { accounts } from './accounts.js';
import type { Store } from './connect.js';
import { counters } from './counters.js';
import { isDuplicateKey } from './duplicate-key.js';
import { findOwned, type Owned, whyNot } from './owned.js';

export interface Key {
  readonly _id: number;
  readonly account: number;
  readonly name: string;
  /** SHA-256 of the key in hex; the key itself is kept nowhere. */
  readonly hash: string;
  /** The first characters, so that people can tell their keys apart. */
  readonly prefix: string;
  readonly state: 'active' | 'revoked';
  readonly last_used_at: Date | null;
  readonly created_at: Date;
}

export type Keys = ReturnType<typeof keys>;

const FIRST_KEY = 1;
const USE_IS_NOTED_EVERY = 60_000;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function keys(store: Store) {
  const rows = store.db.collection<Key>('keys');
  const ids = counters(store);
  return {
    /** The key behind a secret, revoked ones too; notes its use at most once a minute. */
    whoSends: async (secret: string): Promise<Key | null> => {
      const key = await rows.findOne({ hash: hashOf(secret) });
      if (key !== null && (key.last_used_at?.getTime() ?? 0) < now().getTime() - USE_IS_NOTED_EVERY) {
        await rows.updateOne({ _id: key._id }, { $set: { last_used_at: now() } }, { writeConcern: { w: 1 } });
      }
      return key;
    },

    /** Makes a key; the secret is in this answer and nowhere else. Atomic: one insert. */
    issue: async (account: number, name: string): Promise<{ key: Key; secret: string }> => {
      await ids.reserve('keys', FIRST_KEY);
      const secret = newSecret();
      const key = newKey(await ids.block('keys'), account, name, secret);
      await rows.insertOne(key);
      return { key, secret };
    },

    /** Accepts a secret chosen by the operator; a known one stays as it is, revoked or not. Atomic: one upsert. */
    accept: async (account: number, name: string, secret: string): Promise<void> => {
      await ids.reserve('keys', FIRST_KEY);
      const { hash, ...fields } = newKey(await ids.block('keys'), account, name, secret);
      await rows.updateOne({ hash }, { $setOnInsert: fields }, { upsert: true });
    },

    /** The very first key under a fixed id: of several processes one gets the secret. Atomic: one insert. */
    issueFirst: async (account: number): Promise<string | undefined> => {
      await ids.reserve('keys', FIRST_KEY);
      if ((await rows.countDocuments({ account }, { limit: 1 })) > 0) return undefined;
      const secret = newSecret();
      try {
        await rows.insertOne(newKey(FIRST_KEY, account, 'First key', secret));
        return secret;
      } catch (error) {
        if (isDuplicateKey(error)) return undefined;
        throw error;
      }
    },

    ofAccount: (account: number): Promise<Key[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    find: (account: number, id: number): Promise<Owned<Key>> => findOwned(rows, account, id),

    /** Revokes for good; repeating it changes nothing. Atomic: one update. */
    revoke: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { matchedCount } = await rows.updateOne({ _id: id, account }, { $set: { state: 'revoked' } });
      return matchedCount === 1 ? 'done' : whyNot(rows, account, id);
    },
  };
}

/** Makes the first account and its first key. Returns the secret if one was made here: it is shown this once. */
export async function ensureFirstAccount(
  store: Store,
  config: Pick<Config, 'apiKey'>,
): Promise<{ account: number; secret: string | undefined }> {
  const { _id: account } = await accounts(store).ensureFirst();
  if (config.apiKey !== undefined) {
    await keys(store).accept(account, 'EVERPOST_API_KEY', config.apiKey);
    return { account, secret: undefined };
  }
  return { account, secret: await keys(store).issueFirst(account) };
}

function newKey(id: number, account: number, name: string, secret: string): Key {
  const [hash, prefix] = [hashOf(secret), secret.slice(0, 8)];
  return { _id: id, account, name, hash, prefix, state: 'active', last_used_at: null, created_at: now() };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** 40 characters of base 62: 238 bits. */
function newSecret(): string {
  return `evp_${Array.from({ length: 40 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
}
