import { expect, test } from 'vitest';
import { reasonNotToConfirm, visitorOf } from '../../../domain/subscriber/confirmation.js';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is the visitor %s', (ip, visitor) => {
  expect(visitorOf(ip)).toBe(visitor);
});

test.each([
  [undefined, {}, undefined],
  ['unsubscribed', {}, undefined],
  ['pending', {}, undefined],
  ['pending', { requested: true }, 'already_requested'],
  ['active', {}, 'subscribed'],
  ['bounced', {}, 'suppressed'],
  ['complained', {}, 'suppressed'],
  [undefined, { suppressed: true }, 'suppressed'],
] as const)('a person with status %s, %j: %s', (status, more, reason) => {
  expect(reasonNotToConfirm(status, { suppressed: false, requested: false, ...more })).toBe(reason);
});
