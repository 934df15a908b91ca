import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextRound, RETRY_WAITS, type RoundNeed, retryWait } from '../../../domain/delivery/retry.js';

const MINUTE = 60_000;
const at = (minutes: number) => new Date(minutes * MINUTE);
const aNeed = (need: Partial<RoundNeed> = {}): RoundNeed => ({
  deferred: 0,
  uncertain: 0,
  mayResend: false,
  round: 1,
  now: at(0),
  expires: at(72 * 60),
  resendAfter: 15 * MINUTE,
  firstRetry: MINUTE,
  ...need,
});
/** No jitter. */
const MIDDLE = 0.5;

test.for(RETRY_WAITS.map((wait, k) => [k + 1, wait] as const))('try %i waits %i ms', ([attempt, wait]) => {
  expect(retryWait(attempt, MIDDLE)).toBe(wait);
});

test('the schedule repeats its last wait and never begins before its first', () => {
  expect(retryWait(99, MIDDLE)).toBe(RETRY_WAITS.at(-1));
  expect(retryWait(0, MIDDLE)).toBe(RETRY_WAITS[0]);
  expect(retryWait(2, MIDDLE, 1_000)).toBe(5_000);
});

test('waits are spread by at most a fifth', () => {
  const chance = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), chance, (attempt, one) => {
      const exact = retryWait(attempt, MIDDLE);
      expect(Math.abs(retryWait(attempt, one) - exact)).toBeLessThanOrEqual(exact / 5 + 1);
    }),
  );
});

test.for<[string, Partial<RoundNeed>, ReturnType<typeof nextRound>]>([
  ['nothing waits', {}, undefined],
  ['deferred', { deferred: 1 }, { takes: ['deferred'], due: at(1) }],
  ['deferred, later round', { deferred: 1, round: 3 }, { takes: ['deferred'], due: at(15) }],
  ['uncertain under hold', { uncertain: 1 }, undefined],
  ['uncertain under resend', { uncertain: 1, mayResend: true }, { takes: ['uncertain'], due: at(15) }],
  ['both, early', { deferred: 1, uncertain: 1, mayResend: true }, { takes: ['deferred'], due: at(1) }],
  [
    'both, late enough',
    { deferred: 1, uncertain: 1, mayResend: true, round: 4 },
    { takes: ['deferred', 'uncertain'], due: at(60) },
  ],
  ['out of time', { deferred: 1, expires: at(0.5) }, undefined],
  ['in time to the minute', { deferred: 1, expires: at(1) }, { takes: ['deferred'], due: at(1) }],
  [
    'the deferred ones have expired, the re-send has not',
    { deferred: 1, uncertain: 1, mayResend: true, round: 5, expires: at(20) },
    { takes: ['uncertain'], due: at(15) },
  ],
  ['both have expired', { deferred: 1, uncertain: 1, mayResend: true, round: 5, expires: at(10) }, undefined],
])('the next round: %s', ([, need, round]) => {
  expect(nextRound(aNeed(need), MIDDLE)).toEqual(round);
});
