import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { Store } from '../mongo/connect.js';

export interface RequestCount {
  readonly left: number;
  readonly over: boolean;
  /** Milliseconds until the window ends. */
  readonly ms: number;
}

export type RequestLimits = ReturnType<typeof requestLimits>;

const WINDOW = 60;

/** Counts requests in windows, one minute by default, shared by all processes. A crash may lose counts and admit a few more. */
export function requestLimits({ db }: Store) {
  const storeClient = db.client.db(db.databaseName, { writeConcern: { w: 1, journal: false } });
  const limiters = new Map<string, RateLimiterMongo>();
  const limiterFor = (keyPrefix: string, points: number, duration: number) => {
    const name = `${keyPrefix}:${points}`;
    const known = limiters.get(name);
    if (known !== undefined) return known;
    const made = new RateLimiterMongo({
      storeClient,
      tableName: 'request_limits',
      disableIndexesCreation: true,
      keyPrefix,
      points,
      duration,
      // A caller over the limit is refused from memory until the window ends.
      inMemoryBlockOnConsumed: points + 1,
    });
    limiters.set(name, made);
    return made;
  };
  return {
    /** Counts one request. Atomic: one upsert; no write where this process knows that the limit is exceeded. */
    count: async (limit: string, points: number, who: string, seconds = WINDOW): Promise<RequestCount> => {
      const counted = limiterFor(limit, points, seconds).consume(who);
      return counted.then((seen) => countOf(seen, false)).catch(overOrFailed);
    },
  };
}

/** The library rejects with a count where the limit is exceeded, with an error where the count failed. */
export function overOrFailed(refused: unknown): RequestCount {
  if (!(refused instanceof RateLimiterRes)) throw refused;
  return countOf(refused, true);
}

export function countOf({ remainingPoints, msBeforeNext }: RateLimiterRes, over: boolean): RequestCount {
  return { left: over ? 0 : remainingPoints, over, ms: msBeforeNext };
}
