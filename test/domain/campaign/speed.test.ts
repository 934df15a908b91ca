import { expect, test } from 'vitest';
import { type SpeedFacts, sendingOf, speedOf } from '../../../domain/campaign/speed.js';
import type { Waiting } from '../../../domain/waiting/waiting.js';

const RATES = [
  { key: 'account:1', perSecond: 200 },
  { key: 'campaign:7', perSecond: 50 },
];
const WAITING: Waiting = { reason: 'transport', since: new Date(0), next_try: null, detail: 'It cannot be reached.' };
const IDLE: SpeedFacts = { recent: null, waiting: null, rates: [], isUsedUp: false };
const sent = (mails: number, in_flight = 4) => ({ mails, ms: 10_000, in_flight });

test.each<[string, string, Partial<SpeedFacts>, number, string]>([
  ['rate', 'of which it makes use', { recent: sent(480), rates: RATES }, 48, 'The campaign allows 50'],
  ['rate', 'without a token', { recent: sent(100), rates: RATES, isUsedUp: true }, 10, 'The campaign allows 50'],
  ['mail_server', 'far below the rate', { recent: sent(125), rates: RATES }, 12.5, '4 mails are in flight'],
  ['mail_server', 'with one mail', { recent: sent(3, 1) }, 0.3, '1 mail is in flight'],
  ['worker', 'which sends others', { recent: sent(200, 0) }, 20, 'No mail is in flight'],
  ['worker', 'before the first page', {}, 0, 'No mail is in flight'],
  ['transport', 'which is away', { recent: sent(480), rates: RATES, waiting: WAITING }, 48, 'It cannot be reached.'],
])('the speed is limited by the %s, %s', (limited_by, _how, facts, per_second, detail) => {
  const expected = { limited_by, per_second, detail: expect.stringContaining(detail) };
  expect(speedOf({ ...IDLE, ...facts })).toMatchObject(expected);
});

const at = (second: number) => new Date(Date.UTC(2026, 4, 15, 9, 0, second));

test.each([
  ['is being sent', null, 40, 10, 4],
  ['has ended or is paused', at(20), 7, 20, 0.35],
  ['has ended within a second', at(0), 3, 1, 3],
])('the average of a campaign that %s', (_how, stopped_at, mails, seconds, per_second) => {
  const from = at(0);
  const expected = { from, to: stopped_at, mails, seconds, per_second };
  expect(sendingOf({ launched_at: from, stopped_at }, mails, at(10))).toEqual(expected);
});

test('a campaign that was not launched has no average', () => {
  expect(sendingOf({ launched_at: null, stopped_at: null }, 0, at(10))).toBeNull();
});
