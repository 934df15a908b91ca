import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestedDelay } from '../../../domain/delivery/requested-delay.js';

const MINUTE = 60_000;

test.each([
  ['4.2.0 Greylisted, please try again in 300 seconds', 5 * MINUTE],
  ['4.7.1 Greylisting in action, please come back in 00:04:58', 298_000],
  ['Recipient address rejected: Greylisted for 5 minutes', 5 * MINUTE],
  ['4.3.2 Please retry after 2 hours', 120 * MINUTE],
  ['try again in 4 minutes and 58 seconds', 298_000],
  ['4.7.0 Temporarily deferred, try again in 60s', MINUTE],
  ['4.5.3 Too many messages, wait 10 min before you retry', 10 * MINUTE],
  ['4.7.1 rate limited, retry=30', 30_000],
  ['4.7.1 please wait at least 15 minutes and try again', 15 * MINUTE],
  ['please try again in 0 seconds', 1_000],
  ['try again in 99999 hours', 12 * 60 * MINUTE],
])('%s', (reply, delay) => {
  expect(requestedDelay(reply)).toBe(delay);
});

test.each([
  '4.7.1 try again later',
  '5.1.1 no such user',
  '4.2.2 mailbox full, 5 minutes of quota left',
  '4.4.1 connection timed out after 30 seconds',
  '',
])('%s names no delay', (reply) => {
  expect(requestedDelay(reply)).toBeUndefined();
});

test('for any reply the delay is between a second and twelve hours, or none', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.constantFrom('s', 'min', 'hours', ''), (noise, n, unit) => {
      const delay = requestedDelay(`try again in ${n} ${unit} ${noise}`);
      expect(delay === undefined || (delay >= 1_000 && delay <= 12 * 60 * MINUTE)).toBe(true);
    }),
  );
});
