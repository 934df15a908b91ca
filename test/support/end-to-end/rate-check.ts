import { expect } from 'vitest';

/** A bucket holds what flows in so much of a second (`store/transports/token-buckets.ts`). */
const SLICE = 0.25;
/** Mails in a row by which it is judged whether the rate was made use of. */
const RUN_LENGTH = 50;

/**
 * That mails arrived at a rate, by the receiver's record in milliseconds. A machine that has stood still hands over at once
 * what was `underWay`; beyond that nothing is ahead of the rate between any two arrivals, and half of the way or more was
 * not made faster than it.
 */
export function expectRate(arrivals: readonly number[], perSecond: number, underWay: number): void {
  const at = (nth: number) => arrivals[nth] ?? 0;
  const speed = (from: number, to: number) => ((to - from) * 1_000) / Math.max(1, at(to) - at(from));
  const last = arrivals.length - 1;
  const allowed = (from: number, to: number) =>
    1 + underWay + perSecond * (SLICE + Math.max(0, at(to) - at(from)) / 1_000);
  const ahead = arrivals.flatMap((_, from) =>
    arrivals.flatMap((_at, to) => (to - from > allowed(from, to) ? [[from, to]] : [])),
  );
  expect(ahead).toEqual([]);

  const onwards = arrivals.slice(0, Math.ceil(last / 2)).map((_, from) => speed(from, last));
  expect(Math.min(...onwards)).toBeLessThan(perSecond * 1.1);
  const runs = arrivals.slice(RUN_LENGTH).map((_, from) => speed(from, from + RUN_LENGTH));
  expect(Math.max(...runs)).toBeGreaterThan(perSecond * 0.5);
}
