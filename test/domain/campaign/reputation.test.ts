import fc from 'fast-check';
import { expect, test } from 'vitest';
import { breachIn, lowerBound, type ReputationCounts } from '../../../domain/campaign/reputation.js';

const LIMITS = { complaints: 0.3, bounces: 5 };
type Row = [accepted: number, hard: number, complaints: number, today: number, breach: string | undefined];

test.each<Row>([
  [0, 0, 0, 0, undefined],
  [999, 0, 4, 4, undefined],
  [1_000, 0, 3, 3, undefined],
  [1_000, 0, 4, 0, 'complaint_rate'],
  [200, 0, 4, 4, undefined],
  [200, 0, 5, 4, undefined],
  [200, 0, 5, 5, 'complaint_rate'],
  [10_000, 0, 30, 30, undefined],
  [10_000, 0, 31, 31, 'complaint_rate'],
  [900, 100, 0, 0, 'bounce_rate'],
  [950, 50, 0, 0, undefined],
  // 51 of 1,003 may be chance; 66 of 1,000 are not.
  [952, 51, 0, 0, undefined],
  [934, 66, 0, 0, 'bounce_rate'],
  // The share of few answers must be larger.
  [0, 49, 0, 0, undefined],
  [0, 50, 0, 0, 'bounce_rate'],
  [45, 5, 0, 0, undefined],
  [43, 7, 0, 0, 'bounce_rate'],
  [48, 2, 0, 0, undefined],
  [0, 1_000, 0, 0, 'bounce_rate'],
  [1_000, 900, 900, 900, 'complaint_rate'],
])('%i accepted, %i hard bounces, %i complaints, %i of them today: %s', (accepted, hard, complaints, today, breach) => {
  expect(breachIn({ accepted, hard, complaints, unrendered: 0, complaintsToday: today }, LIMITS)).toBe(breach);
});

test('the bound is Wilson’s, below the share and closer to it with more answers', () => {
  // Values of the published tables for 95 %.
  expect(lowerBound(0, 10)).toBeCloseTo(0, 10);
  expect(lowerBound(10, 10)).toBeCloseTo(0.7225, 3);
  expect(lowerBound(81, 263)).toBeCloseTo(0.2553, 3);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat(1_000), (whole, some) => {
      const part = Math.min(some, whole);
      expect(lowerBound(part, whole)).toBeLessThanOrEqual(part / whole + 1e-12);
      expect(lowerBound(part, whole)).toBeLessThanOrEqual(lowerBound(part * 10, whole * 10) + 1e-12);
    }),
  );
});

const counts = fc.record({
  accepted: fc.nat(1e6),
  hard: fc.nat(1e6),
  complaints: fc.nat(1e6),
  unrendered: fc.nat(1e6),
});

test('excused counts are never a breach, and limits of 100 allow everything', () => {
  fc.assert(
    fc.property(counts, (seen: ReputationCounts) => {
      expect(breachIn({ ...seen, complaintsToday: seen.complaints }, LIMITS, seen)).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(counts, ({ accepted, hard }) => {
      const all = { accepted, hard, complaints: accepted, unrendered: 0, complaintsToday: accepted };
      expect(breachIn(all, { complaints: 100, bounces: 100 })).toBeUndefined();
    }),
  );
});

test('after an excuse only new counts matter; hard bounces are measured against new mails', () => {
  const excused = { accepted: 2_000, hard: 500, complaints: 20, unrendered: 0 };
  const next = { accepted: 2_900, hard: 560, complaints: 20, unrendered: 0, complaintsToday: 20 };
  expect(breachIn(next, LIMITS, excused)).toBeUndefined();
  expect(breachIn({ ...next, hard: 600 }, LIMITS, excused)).toBe('bounce_rate');
  expect(breachIn({ ...next, complaints: 28, complaintsToday: 8 }, LIMITS, excused)).toBeUndefined();
  expect(breachIn({ ...next, complaints: 29, complaintsToday: 9 }, LIMITS, excused)).toBe('complaint_rate');
});

test.each([
  [0, 49, 0, undefined],
  [0, 50, 0, 'content_blocked'],
  [800, 200, 0, undefined],
  [750, 250, 0, 'content_blocked'],
  [40, 10, 0, undefined],
  [32, 18, 0, 'content_blocked'],
  [0, 60, 60, undefined],
  [0, 110, 60, 'content_blocked'],
])('%i mails accepted, %i not rendered, %i of them excused: %s', (accepted, unrendered, excused, breach) => {
  const none = { hard: 0, complaints: 0 };
  const counts = { ...none, accepted, unrendered, complaintsToday: 0 };
  expect(breachIn(counts, LIMITS, { ...none, accepted: 0, unrendered: excused })).toBe(breach);
});
