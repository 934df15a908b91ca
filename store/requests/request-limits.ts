import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import { sharedCalls } from '../../domain/shared-calls.js';
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
  const countShared = sharedCalls({ send: countTogether, most: 1_000 });
  return {
    /**
     * Counts one request. Atomic: one upsert, shared by concurrent requests of the same `who`; no write where this process
     * knows that the limit is exceeded.
     */
    count: async (limit: string, points: number, who: string, seconds = WINDOW): Promise<RequestCount> => {
      const counted = await countShared({ limiter: limiterFor(limit, points, seconds), who });
      if (counted.status === 'rejected') throw counted.reason;
      return counted.value;
    },
  };
}

interface Request {
  readonly limiter: RateLimiterMongo;
  readonly who: string;
}

/** One upsert for the requests of each `who`, which get consecutive positions in the window. */
async function countTogether(requests: readonly Request[]): Promise<readonly PromiseSettledResult<RequestCount>[]> {
  const sizes = new Map<string, number>();
  const places = requests.map((request) => {
    const place = sizes.get(nameOf(request)) ?? 0;
    sizes.set(nameOf(request), place + 1);
    return place;
  });
  const consumed = new Map<string, Promise<RateLimiterRes>>();
  return Promise.allSettled(
    requests.map(async (request, i) => {
      const name = nameOf(request);
      const { limiter, who } = request;
      const size = sizes.get(name) ?? 1;
      const all = consumed.get(name) ?? limiter.consume(who, size).catch(refusalOf);
      consumed.set(name, all);
      return countAt(await all, limiter.points, size - 1 - (places[i] ?? 0));
    }),
  );
}

function nameOf({ limiter, who }: Request): string {
  return `${limiter.keyPrefix}:${limiter.points}:${who}`;
}

/** The count of a request behind which `later` others of its group come. */
function countAt({ consumedPoints, msBeforeNext }: RateLimiterRes, points: number, later: number): RequestCount {
  // Refused from memory: nothing was counted.
  if (consumedPoints === 0) return { left: 0, over: true, ms: msBeforeNext };
  const position = consumedPoints - later;
  return { left: Math.max(0, points - position), over: position > points, ms: msBeforeNext };
}

/** The library rejects with a count where the limit is exceeded, with an error where the count failed. */
function refusalOf(refused: unknown): RateLimiterRes {
  if (!(refused instanceof RateLimiterRes)) throw refused;
  return refused;
}

export function overOrFailed(refused: unknown): RequestCount {
  return countOf(refusalOf(refused), true);
}

export function countOf({ remainingPoints, msBeforeNext }: RateLimiterRes, over: boolean): RequestCount {
  return { left: over ? 0 : remainingPoints, over, ms: msBeforeNext };
}
