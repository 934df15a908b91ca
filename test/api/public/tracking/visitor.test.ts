import { expect, test } from 'vitest';
import { networkOf, visitorOf } from '../../../../api/public/tracking/recording.js';

test.each([
  ['203.0.113.77', '203.0.113.0'],
  ['::ffff:203.0.113.77', '203.0.113.0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ['::1', '::'],
  ['nobody', null],
])('of %s the network is %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

test('a user agent is kept up to 255 characters, a missing one as null', () => {
  const agent = 'Mozilla '.repeat(100);
  expect(visitorOf({ ip: '203.0.113.7', headers: { 'user-agent': agent } }, 't').user_agent).toHaveLength(255);
  expect(visitorOf({ ip: '203.0.113.7', headers: {} }, 't')).toEqual({ ip: '203.0.113.0', user_agent: '', token: 't' });
});
