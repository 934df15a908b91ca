import { LRUCache } from 'lru-cache';
import { RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import { monotonic } from '../../clock.js';
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
/** Callers whose counts are kept. */
const MAX_COUNTS = 5_000;

/**
 * Counts requests in windows, one minute by default, shared by all processes. Far from the limit a request does not wait for
 * its count, which is written a moment later. A crash may lose counts and admit a few more.
 */
export function requestLimits({ db }: Store) {
  const storeClient = db.client.db(db.databaseName, { writeConcern: { w: 1, journal: false } });
  const known = new LRUCache<string, KnownCount>({ max: MAX_COUNTS });
  const knownFor = (keyPrefix: string, points: number, duration: number, who: string): KnownCount => {
    const name = `${keyPrefix}:${points}:${who}`;
    const one = known.get(name);
    if (one !== undefined) return one;
    const made = knownCount(limiterFor(keyPrefix, points, duration), who);
    known.set(name, made);
    return made;
  };
  const limiters = new Map<string, RateLimiterMongo>();
  const limiterFor = (keyPrefix: string, points: number, duration: number) => {
    const name = `${keyPrefix}:${points}`;
    const made = limiters.get(name) ?? newLimiter({ storeClient, keyPrefix, points, duration });
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
      const one = knownFor(limit, points, seconds, who);
      const free = one.countFree();
      if (free !== undefined) return free;
      const counted = await countShared(one);
      if (counted.status === 'rejected') throw counted.reason;
      return counted.value;
    },
  };
}

type LimiterOptions = ConstructorParameters<typeof RateLimiterMongo>[0];

function newLimiter(options: LimiterOptions & { readonly points: number }): RateLimiterMongo {
  return new RateLimiterMongo({
    ...options,
    tableName: 'request_limits',
    disableIndexesCreation: true,
    // A caller over the limit is refused from memory until the window ends.
    inMemoryBlockOnConsumed: options.points + 1,
  });
}

/** One upsert for the requests of each caller, which get consecutive positions in the window. */
async function countTogether(requests: readonly KnownCount[]): Promise<readonly PromiseSettledResult<RequestCount>[]> {
  const sizes = new Map<KnownCount, number>();
  const places = requests.map((request) => {
    const place = sizes.get(request) ?? 0;
    sizes.set(request, place + 1);
    return place;
  });
  const consumed = new Map([...sizes].map(([request, size]) => [request, request.consume(size)] as const));
  return Promise.allSettled(
    requests.map(async (request, i) => {
      const later = (sizes.get(request) ?? 1) - 1 - (places[i] ?? 0);
      return countAt(await (consumed.get(request) ?? request.consume(1)), request.points, later);
    }),
  );
}

/** A request does not wait for its count while less than this part of the limit is used. */
const FREE_PART = 1 / 2;
/** The part of a limit that one process may admit before it writes. */
const UNWRITTEN_PART = 1 / 20;
/** Milliseconds before counts are written that no request waits for. */
const WRITE_AFTER = 100;
/** Milliseconds for which a process trusts a count, which others may have raised. */
const TRUSTED_FOR = 1_000;

type KnownCount = ReturnType<typeof knownCount>;

/** The count of one caller as this process knows it. */
function knownCount(limiter: RateLimiterMongo, who: string) {
  const { points } = limiter;
  let left = 0;
  let [trustedUntil, windowEnd] = [0, 0];
  /** Requests that were admitted and are not in the store yet. */
  let unwritten = 0;
  /** Requests whose counts are on their way to the store. */
  let onTheWay = 0;
  let writing: Promise<unknown> = Promise.resolve();

  const upsert = async (size: number): Promise<RateLimiterRes> => {
    const before = monotonic() < windowEnd ? unwritten : 0;
    unwritten = 0;
    onTheWay += before + size;
    const counted = limiter.consume(who, before + size).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) unwritten += before;
      return refusalOf(refused);
    });
    const result = await counted.finally(() => {
      onTheWay -= before + size;
    });
    left = result.remainingPoints;
    windowEnd = monotonic() + result.msBeforeNext;
    trustedUntil = Math.min(windowEnd, monotonic() + TRUSTED_FOR);
    return result;
  };
  const write = (): void => {
    // A failure shows in the next request that waits for its count.
    if (unwritten > 0) writing = upsert(0).catch(() => undefined);
  };

  return {
    points,
    /** Counts `size` requests in one upsert, behind all that were admitted before. */
    consume: async (size: number): Promise<RateLimiterRes> => {
      await writing;
      return upsert(size);
    },
    /** Counts a request that need not wait; undefined where it must. */
    countFree: (): RequestCount | undefined => {
      const free = left - onTheWay - unwritten;
      const isFar = free > points * FREE_PART && unwritten < points * UNWRITTEN_PART;
      if (!isFar || monotonic() >= trustedUntil) return undefined;
      unwritten += 1;
      if (unwritten === 1) setTimeout(write, WRITE_AFTER).unref();
      return { left: free - 1, over: false, ms: windowEnd - monotonic() };
    },
  };
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
