import type { Collection } from 'mongodb';
import type { RateScope } from '../../domain/transport.js';
import type { UsedUpRate } from '../../domain/waiting/waiting.js';
import type { Store } from '../mongo/connect.js';

/** One token bucket. `level` in mails, `at` by the server's clock. */
interface Bucket {
  readonly _id: string;
  readonly level: number;
  readonly at: Date;
  readonly granted: number;
}

export interface Grant {
  readonly tokens: number;
  /** Milliseconds until the next request makes sense; 0 where tokens were granted. */
  readonly wait: number;
  /** The scope that has no token. */
  readonly by?: RateScope;
}

export type Buckets = ReturnType<typeof buckets>;

/** A slice holds a quarter of a second of the rate, so that a lost lease costs no more than that. */
const SLICE_SECONDS = 0.25;

/** Leased token buckets. Each lease is one atomic update of one document; a grant with an unknown outcome counts as none. */
export function buckets(store: Store) {
  const rows = store.db.collection<Bucket>('buckets');
  return {
    /**
     * Leases up to `wanted` tokens from every scope; the scarcest decides, and the others get their surplus back. A failed
     * return loses tokens, which only slows sending.
     */
    lease: async (scopes: readonly RateScope[], wanted: number): Promise<Grant> => {
      const granted: { readonly key: string; readonly tokens: number }[] = [];
      let last: Grant = { tokens: wanted, wait: 0 };
      for (const scope of scopes) {
        last = await leaseOne(rows, scope, last.tokens);
        granted.push({ key: scope.key, tokens: last.tokens });
        if (last.tokens > 0) continue;
        last = { ...last, by: scope };
        break;
      }
      const excess = granted.map(({ key, tokens }) => ({ key, tokens: tokens - last.tokens }));
      for (const { key, tokens } of excess) if (tokens > 0) await returnTokens(rows, key, tokens);
      return last;
    },

    /** The scope without a token for which the wait is longest; undefined where each has one. Takes none. */
    usedUp: async (scopes: readonly RateScope[]): Promise<UsedUpRate | undefined> => {
      if (scopes.length === 0) return undefined;
      const of = { _id: { $in: scopes.map(({ key }) => key) } };
      const stored = await rows
        .aggregate<Bucket & { now: Date }>([{ $match: of }, { $set: { now: '$$NOW' } }])
        .toArray();
      const byKey = new Map(stored.map((bucket) => [bucket._id, bucket]));
      const waits = scopes.map(({ key, perSecond, ahead }) => {
        const bucket = byKey.get(key);
        return { key, perSecond, wait: bucket === undefined ? 0 : waitOf(bucket, perSecond, ahead) };
      });
      return waits.filter(({ wait }) => wait > 0).toSorted((a, b) => b.wait - a.wait)[0];
    },
  };
}

/** Milliseconds until a bucket has a token, as a lease at `now` would find it. */
function waitOf({ level, at, now }: Bucket & { now: Date }, perSecond: number, ahead = 0): number {
  const refilled = level + (Math.max(0, Number(now) - Number(at)) * perSecond) / 1_000;
  const missing = 1 - ahead - Math.min(capacityOf(perSecond), refilled);
  return Math.max(0, Math.ceil((missing * 1_000) / perSecond));
}

function capacityOf(perSecond: number): number {
  return Math.max(1, perSecond * SLICE_SECONDS);
}

/** Returns unused tokens. Atomic: one update; the next lease caps the level. */
async function returnTokens(rows: Collection<Bucket>, key: string, tokens: number): Promise<void> {
  await rows.updateOne({ _id: key }, { $inc: { level: tokens } }).catch(() => undefined);
}

async function leaseOne(
  rows: Collection<Bucket>,
  { key, perSecond, ahead = 0 }: RateScope,
  wanted: number,
): Promise<Grant> {
  const capacity = capacityOf(perSecond);
  const perMillisecond = perSecond / 1_000;
  const elapsed = { $max: [0, { $subtract: ['$$NOW', { $ifNull: ['$at', '$$NOW'] }] }] };
  const refilled = {
    $min: [capacity, { $add: [{ $ifNull: ['$level', 0] }, { $multiply: [elapsed, perMillisecond] }] }],
  };
  const bucket = await rows.findOneAndUpdate(
    { _id: key },
    [
      { $set: { level: refilled, at: '$$NOW' } },
      { $set: { granted: { $max: [0, { $min: [wanted, { $floor: { $add: ['$level', ahead] } }] }] } } },
      { $set: { level: { $subtract: ['$level', '$granted'] } } },
    ],
    { upsert: true, returnDocument: 'after' },
  );
  const granted = bucket?.granted ?? 0;
  if (granted > 0) return { tokens: granted, wait: 0 };
  return { tokens: 0, wait: Math.ceil((1 - ahead - (bucket?.level ?? 0)) / perMillisecond) };
}
