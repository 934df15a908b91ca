import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { type KeyState, rotationDue, SCOPES, type Scope } from '../../domain/account/key.js';
import { accounts } from '../accounts/accounts.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { insertOnce, isDuplicateKey } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';

export interface Key {
  readonly _id: number;
  readonly account: number;
  readonly name: string;
  /** SHA-256 of the key in hex; the key itself is never stored. */
  readonly hash: string;
  /** The first characters, so that users can recognize their keys. */
  readonly prefix: string;
  readonly state: KeyState;
  readonly scopes: readonly Scope[];
  /** Allowed lists; null: all of the account. */
  readonly lists: readonly number[] | null;
  /** Allowed sender domains; null: all of the account. */
  readonly domains: readonly string[] | null;
  /** Requests per minute on all routes without a limit of their own; null: as the installation sets it. */
  readonly per_minute: number | null;
  readonly expires_at: Date | null;
  readonly retires_at: Date | null;
  /** The first key of the chain of rotations, which opt-outs refer to; absent: this key. */
  readonly root_key?: number;
  /** The key that this one will replace, until it is validated. */
  readonly replaces: number | null;
  /** This key has replaced another one, which has ended. */
  readonly validated?: true;
  readonly rotation_due_at: Date;
  /** The owner was reminded that a rotation is due. */
  readonly reminded?: true;
  readonly last_used_at: Date | null;
  readonly created_at: Date;
}

/** The settings of a key that its owner chooses. */
export type KeyTerms = Pick<Key, 'name' | 'scopes' | 'lists' | 'domains' | 'per_minute' | 'expires_at'>;

export interface IssuedKey {
  readonly key: Key;
  /** In this response only. */
  readonly secret: string;
}

const FIRST_KEY = 1;
const USE_RECORDED_EVERY = 60_000;

export type Keys = ReturnType<typeof keys>;

export function keys(store: Store) {
  const rows = store.db.collection<Key>('keys');
  const ids = counters(store);
  const nextId = async () => {
    await ids.reserve('keys', FIRST_KEY);
    return ids.block('keys');
  };
  const isKnown = async (secret: string) => (await rows.countDocuments({ hash: hashOf(secret) }, { limit: 1 })) > 0;
  return {
    ...reading(rows),

    /** Creates a key, with full access unless its terms restrict it. Atomic: one insert. */
    issue: async (account: number, name: string, terms: Partial<KeyTerms> = {}): Promise<IssuedKey> => {
      const secret = newSecret();
      const key = newKey(await nextId(), account, { ...ALL, ...terms, name }, secret);
      await rows.insertOne(key);
      return { key, secret };
    },

    /**
     * Accepts a secret chosen by the operator; an existing key stays as it is, revoked or not. The first key of an installation
     * has the id 1, as an issued one has. Atomic: one insert.
     */
    accept: async (account: number, name: string, secret: string): Promise<void> => {
      if (await isKnown(secret)) return;
      await ids.reserve('keys', FIRST_KEY);
      const isFirst = (await rows.countDocuments({}, { limit: 1 })) === 0;
      for (const id of isFirst ? [() => FIRST_KEY, nextId] : [nextId]) {
        if (await isKnown(secret)) return;
        // If not: another process has just added this key, or the first one.
        if ((await insertOnce(rows, newKey(await id(), account, { ...ALL, name }, secret))) === 'inserted') return;
      }
    },

    /** Creates the very first key under a fixed id: of concurrent processes one gets the secret. Atomic: one insert. */
    issueFirst: async (account: number): Promise<string | undefined> => {
      await ids.reserve('keys', FIRST_KEY);
      if ((await rows.countDocuments({ account }, { limit: 1 })) > 0) return undefined;
      const secret = newSecret();
      try {
        await rows.insertOne(newKey(FIRST_KEY, account, { ...ALL, name: 'First key' }, secret));
        return secret;
      } catch (error) {
        if (isDuplicateKey(error)) return undefined;
        throw error;
      }
    },

    /** Revokes for good; idempotent. Atomic: one update. */
    revoke: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { matchedCount } = await rows.updateOne({ _id: id, account }, { $set: { state: 'revoked' } });
      return matchedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

function reading(rows: Collection<Key>) {
  return {
    /** The key of a secret, including ended keys; records its use at most once a minute. */
    findBySecret: async (secret: string): Promise<Key | null> => {
      const key = await rows.findOne({ hash: hashOf(secret) });
      if (key !== null && (key.last_used_at?.getTime() ?? 0) < now().getTime() - USE_RECORDED_EVERY) {
        await rows.updateOne({ _id: key._id }, { $set: { last_used_at: now() } }, { writeConcern: { w: 1 } });
      }
      return key;
    },

    ofAccount: (account: number): Promise<Key[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    find: (account: number, id: number): Promise<Owned<Key>> => findOwned(rows, account, id),
  };
}

const ALL: Omit<KeyTerms, 'name'> = { scopes: SCOPES, lists: null, domains: null, per_minute: null, expires_at: null };

/** Creates the first account and its first key. Returns the secret if this call created it: it is shown only once. */
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

export function newKey(id: number, account: number, terms: KeyTerms, secret: string): Key {
  const at = now();
  return {
    _id: id,
    account,
    ...terms,
    hash: hashOf(secret),
    prefix: secret.slice(0, 8),
    state: 'active',
    retires_at: null,
    replaces: null,
    rotation_due_at: rotationDue(at),
    last_used_at: null,
    created_at: at,
  };
}

/** The first key of the chain of rotations; the key itself where it replaced none. */
export function rootKeyOf({ _id, root_key }: Pick<Key, '_id' | 'root_key'>): number {
  return root_key ?? _id;
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM = 34;
const CHECKSUM = 6;
const ISSUED = /^evp_[0-9A-Za-z]{40}$/;

/** `evp_`, 34 random characters of base 62 (202 bits) and 6 characters of their CRC-32. */
export function newSecret(): string {
  const head = `evp_${Array.from({ length: RANDOM }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`;
  return head + checksum(head);
}

/** Whether the checksum is valid: secret scanners can detect a leaked key offline. */
export function isWellFormed(secret: string): boolean {
  return ISSUED.test(secret) && secret.endsWith(checksum(secret.slice(0, -CHECKSUM)));
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function checksum(text: string): string {
  let left = crc32(text);
  let digits = '';
  for (let place = 0; place < CHECKSUM; place += 1) {
    digits = ALPHABET.charAt(left % ALPHABET.length) + digits;
    left = Math.floor(left / ALPHABET.length);
  }
  return digits;
}
