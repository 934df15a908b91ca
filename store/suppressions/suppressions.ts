import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { domainOf } from '../../domain/delivery/suppression.js';
import type { Store } from '../mongo/connect.js';
import { newestFirst } from '../mongo/newest-first.js';
import { badDomains, softBounces } from './bounces.js';
import { sharedLookup } from './shared-lookup.js';
import { suppressionId } from './suppression-id.js';

export const SUPPRESSION_REASONS = ['bounce', 'complaint', 'manual', 'erased'] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** An address that must not be mailed, whatever its lists say. */
export interface Suppression {
  /** Hash of account and address: the address can be looked up, and stays suppressed after the person was erased. */
  readonly _id: string;
  readonly account: number;
  /** Absent once the person was erased. */
  readonly email_key?: string;
  readonly reason: SuppressionReason;
  /** The evidence: a reply or a report's id with addresses scrubbed, or the caller. */
  readonly evidence: string | null;
  /** A suppression for soft bounces ends then; others have none. */
  readonly expires_at?: Date;
  readonly created_at: Date;
}

const KEYS_AT_ONCE = 1_000;

interface SuppressionQuery {
  readonly emailKey?: string | undefined;
  readonly reason?: SuppressionReason | undefined;
  /** `next` of the page before; older ones follow. */
  readonly after?: string | undefined;
}

export type Suppressions = ReturnType<typeof suppressions>;

export function suppressions(store: Store) {
  const rows = store.db.collection<Suppression>('suppressions');
  return {
    ...adding(rows),
    ...listing(rows),
    ...releasing(store, rows),
    ...badDomains(store),
    ...softBounces(store),
  };
}

function adding(rows: Collection<Suppression>) {
  const lookup = sharedLookup(rows);
  return {
    /**
     * Suppresses an address; the first reason stays, unless it would expire and this one does not. Each write is atomic,
     * the whole is repeatable.
     */
    add: async (
      account: number,
      emailKey: string,
      reason: SuppressionReason,
      evidence: string | null,
      expires?: Date,
    ): Promise<'added' | 'known'> => {
      const { upsertedCount } = await rows.updateOne(
        { _id: suppressionId(account, emailKey) },
        {
          $setOnInsert: {
            account,
            ...(reason !== 'erased' && { email_key: emailKey }),
            reason,
            evidence,
            ...(expires !== undefined && { expires_at: expires }),
            created_at: now(),
          },
        },
        { upsert: true },
      );
      if (upsertedCount === 0 && expires === undefined) {
        await keepForEver(rows, [suppressionId(account, emailKey)], { reason, evidence });
      }
      return upsertedCount === 1 ? 'added' : 'known';
    },

    /**
     * Suppresses many addresses; returns how many were not suppressed before. Atomic per address, repeatable in whole.
     */
    addMany: async (account: number, emailKeys: readonly string[], reason: SuppressionReason): Promise<number> => {
      let added = 0;
      for (let from = 0; from < emailKeys.length; from += KEYS_AT_ONCE) {
        const upserts = emailKeys.slice(from, from + KEYS_AT_ONCE).map((email_key) => {
          const row = { account, email_key, reason, evidence: null, created_at: now() };
          const filter = { _id: suppressionId(account, email_key) };
          return { updateOne: { filter, update: { $setOnInsert: row }, upsert: true } };
        });
        added += (await rows.bulkWrite(upserts, { ordered: false })).upsertedCount;
        await keepForEver(rows, upserts.map(idOf), { reason });
      }
      return added;
    },

    /** Deletes the address and keeps the suppression. Atomic: one update. */
    eraseAddress: async (account: number, emailKey: string): Promise<void> => {
      await rows.updateOne({ _id: suppressionId(account, emailKey), account }, { $unset: { email_key: 1 } });
    },

    /** The suppressed ones of these addresses. One read, shared by concurrent calls; as old as its answer. */
    among: async (account: number, emailKeys: readonly string[]): Promise<Set<string>> => {
      if (emailKeys.length === 0) return new Set();
      const byId = new Map(emailKeys.map((key) => [suppressionId(account, key), key]));
      const hits = await lookup(account, [...byId.keys()]);
      return new Set(hits.flatMap(({ _id }) => byId.get(_id) ?? []));
    },
  };
}

/** A reason that lasts replaces one that would expire. */
async function keepForEver(rows: Collection<Suppression>, ids: string[], $set: Partial<Suppression>): Promise<void> {
  await rows.updateMany({ _id: { $in: ids }, expires_at: { $exists: true } }, { $set, $unset: { expires_at: '' } });
}

const idOf = ({ updateOne }: { readonly updateOne: { readonly filter: { readonly _id: string } } }) =>
  updateOne.filter._id;

function listing(rows: Collection<Suppression>) {
  return {
    find: (account: number, emailKey: string): Promise<Suppression | null> =>
      rows.findOne({ _id: suppressionId(account, emailKey), account }),

    /** Newest first; `next` if there are more. */
    page: async (account: number, { emailKey, reason, after }: SuppressionQuery, limit: number) => {
      const filter: Filter<Suppression> = {
        account,
        ...(emailKey !== undefined && { _id: suppressionId(account, emailKey) }),
        ...(reason !== undefined && { reason }),
      };
      return newestFirst(rows, filter, 'created_at', { after, limit });
    },

    /** All suppressions of an account, oldest first. */
    all: (account: number): AsyncIterable<Suppression> => rows.find({ account }).sort({ created_at: 1 }),
  };
}

function releasing(store: Store, rows: Collection<Suppression>) {
  const { deleteBadDomain } = badDomains(store);
  const { deleteSoftBounces } = softBounces(store);
  return {
    /** Suppressions of every account that have expired, the oldest first. */
    expired: (at: Date): AsyncIterable<Suppression> =>
      rows.find({ expires_at: { $lte: at, $type: 'date' } }).sort({ expires_at: 1 }),

    /** Removes an expired suppression and its soft bounces; one that lasts meanwhile stays. Repeatable in whole. */
    removeExpired: async ({ _id, account, email_key }: Suppression, at: Date): Promise<void> => {
      if (email_key !== undefined) await deleteSoftBounces(account, email_key);
      await rows.deleteOne({ _id, account, expires_at: { $lte: at } });
    },

    /**
     * Removes the suppression of an address and its soft bounces; false if it was not suppressed. Repeatable in whole.
     */
    remove: async (account: number, emailKey: string): Promise<boolean> => {
      await deleteSoftBounces(account, emailKey);
      await deleteBadDomain(account, domainOf(emailKey));
      return (await rows.deleteOne({ _id: suppressionId(account, emailKey), account })).deletedCount === 1;
    },
  };
}

/** Stores the address again when an erased person has given it again, so that lists can count it. Atomic per row. */
export async function restoreErasedAddresses(
  { db }: Store,
  account: number,
  emailKeys: readonly string[],
): Promise<void> {
  if (emailKeys.length === 0) return;
  const rows = db.collection<Suppression>('suppressions');
  const byId = new Map(emailKeys.map((key) => [suppressionId(account, key), key]));
  const nameless = { _id: { $in: [...byId.keys()] }, account, email_key: { $exists: false } };
  for await (const { _id } of rows.find(nameless)) {
    const email_key = byId.get(_id);
    if (email_key !== undefined) await rows.updateOne({ _id, account }, { $set: { email_key } });
  }
}

/** Every suppressed address of an account that is not erased, in batches. */
export async function* suppressedKeys({ db }: Store, account: number): AsyncGenerator<string[]> {
  const rows = db.collection<Suppression>('suppressions');
  let keys: string[] = [];
  for await (const { email_key } of rows.find({ account, email_key: { $exists: true } })) {
    if (email_key !== undefined) keys.push(email_key);
    if (keys.length < KEYS_AT_ONCE) continue;
    yield keys;
    keys = [];
  }
  if (keys.length > 0) yield keys;
}
