import { monotonic } from '../../clock.js';

/** A reading takes at most this share of the time, however slow the store is. */
const MAX_SHARE = 1 / 20;

/**
 * Shares the result of a reading among all who ask: it is read again after `every` milliseconds, or later where the last
 * reading took long. Undefined where it failed.
 */
export function sharedReading<T>(read: () => Promise<T>, every: number): () => Promise<T | undefined> {
  let result: Promise<T | undefined> | undefined;
  /** Undefined while a reading is under way. */
  let freshUntil: number | undefined = Number.NEGATIVE_INFINITY;

  const start = async (): Promise<T | undefined> => {
    const startedAt = monotonic();
    freshUntil = undefined;
    try {
      return await read();
    } catch {
      return undefined;
    } finally {
      const end = monotonic();
      freshUntil = every === 0 ? end : end + Math.max(every, (end - startedAt) / MAX_SHARE);
    }
  };
  return () => {
    if (result === undefined || (freshUntil !== undefined && monotonic() >= freshUntil)) result = start();
    return result;
  };
}
