import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceedsSoftBounceLimit, isSoftBounce, SOFT_BOUNCES } from '../../../domain/delivery/suppression.js';

const HOUR = 3_600_000;
const NOW = new Date('2026-05-30T12:00:00Z');
const ago = (hours: number) => new Date(NOW.getTime() - hours * HOUR);

test.each<[string, number[], boolean]>([
  ['mailbox_full', [], false],
  ['mailbox_full', [24, 48, 72, 96], false],
  ['mailbox_full', [14 * 24, 72, 48], false],
  ['mailbox_full', [14 * 24, 72, 48, 24], true],
  ['mailbox_full', [14 * 24 - 1, 72, 48, 24], false],
  ['mailbox_full', [14 * 24, 14 * 24 - 1, 14 * 24 - 2, 14 * 24 - 3], false],
  ['mailbox_disabled', [], false],
  ['mailbox_disabled', [23], false],
  ['mailbox_disabled', [24], true],
  ['mailbox_disabled', [400], true],
  ['unrecognised', [2_000, 1_000, 500, 100, 50], false],
  ['constructor', [2_000, 1_000, 500, 100, 50], false],
])('%s, before that %j hours ago: suppressed %s', (reason, hours, suppressed) => {
  expect(exceedsSoftBounceLimit(reason, hours.map(ago), NOW)).toBe(suppressed);
});

test('soft bounces of a single day do not suppress, however many', () => {
  const sameDay = fc.array(fc.double({ min: 0, max: 11.9, noNaN: true }), { maxLength: 50 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(SOFT_BOUNCES)), sameDay, (reason, hours) => {
      expect(exceedsSoftBounceLimit(reason, hours.map(ago), NOW)).toBe(false);
    }),
  );
});

test('only classes of the table count as soft bounces', () => {
  expect(['mailbox_full', 'mailbox_disabled', 'policy', 'toString'].map(isSoftBounce)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
