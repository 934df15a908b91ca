import type { Collection } from 'mongodb';
import type { Store } from './connect.js';

/** One token bucket. `level` in mails, `at` by the server's clock. */
interface Bucket {
  readonly _id: string;
  readonly level: number;
  readonly at: Date;
  readonly granted: number;
}

/** A limit that holds across processes: `campaign:7`, `account:1`, `transport:default`. */
export interface RateScope {
  readonly key: string;
  readonly perSecond: number;
  /** Tokens that may be taken ahead of time; whoever takes none of them waits until they have flown in. */
  readonly ahead?: number;
}

export interface Grant {
  readonly tokens: number;
  /** Milliseconds until it makes sense to ask again; 0 where tokens were granted. */
  readonly wait: number;
}

export type Buckets = ReturnType<typeof buckets>;

/** A slice holds what flows in a quarter of a second, so that a lost lease costs no more than that. */
const SLICE_SECONDS = 0.25;

/** Leased token buckets. Each lease is one atomic update on one document; an unknown grant counts as none. */
export function buckets(store: Store) {
  const rows = store.db.collection<Bucket>('buckets');
  return {
    /**
     * Leases up to `wanted` tokens from every scope; the scarcest decides. What a wider scope granted beyond that is
     * lost: it only under-sends.
     */
    lease: async (scopes: readonly RateScope[], wanted: number): Promise<Grant> => {
      let tokens = wanted;
      for (const scope of scopes) {
        const grant = await leaseOne(rows, scope, tokens);
        if (grant.tokens === 0) return grant;
        tokens = grant.tokens;
      }
      return { tokens, wait: 0 };
    },
  };
}

async function leaseOne(
  rows: Collection<Bucket>,
  { key, perSecond, ahead = 0 }: RateScope,
  wanted: number,
): Promise<Grant> {
  const capacity = Math.max(1, perSecond * SLICE_SECONDS);
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
