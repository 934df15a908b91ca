import { expect, test } from 'vitest';
import { addedUp, exclusionOf } from '../../../domain/campaign/exclusions.js';

test.each([
  ['active', false, undefined],
  ['active', true, 'suppressed'],
  ['unsubscribed', false, 'unsubscribed'],
  ['bounced', true, 'bounced'],
  ['pending', true, 'pending'],
  ['complained', false, 'complained'],
] as const)('a person who is %s (suppressed: %s) is left out as %s', (status, suppressed, reason) => {
  expect(exclusionOf(status, suppressed)).toBe(reason);
});

test('numbers of the same reason add up, and reasons without people are left out', () => {
  expect(addedUp({ pending: 1, bounced: 2 }, { bounced: 3, complained: 0 })).toEqual({ pending: 1, bounced: 5 });
});
