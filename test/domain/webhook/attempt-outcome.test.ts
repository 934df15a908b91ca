import { expect, test } from 'vitest';
import { EVENT_TYPES, typesOf } from '../../../domain/event-types.js';
import {
  backoffAfter,
  FORMATS,
  outcomeOfAttempt,
  retryAfterMs,
  typesFor,
  type WebhookFormat,
} from '../../../domain/webhook/formats.js';

const NOW = new Date('2026-05-15T09:00:00Z');
const answered = (status: number | null, retryAfter: string | null = null) => ({ status, retryAfter });
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('standard retries after 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, then gives up', () => {
  const waits = Array.from({ length: 10 }, (_, n) => outcomeOfAttempt('standard', n + 1, answered(500), NOW));
  const after = [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
  expect(waits).toEqual([...after.map((ms) => ({ kind: 'again', after: ms, hold: false })), { kind: 'given_up' }]);
});

test.each<[WebhookFormat, number | null, string]>([
  ['standard', 200, 'delivered'],
  ['standard', 204, 'delivered'],
  ['standard', 301, 'again'],
  ['standard', 400, 'again'],
  ['standard', 410, 'gone'],
  ['standard', null, 'again'],
  ['maily', 201, 'delivered'],
  ['maily', 302, 'given_up'],
  ['maily', 410, 'given_up'],
  ['maily', null, 'given_up'],
  ['envie', 200, 'delivered'],
  ['envie', 201, 'again'],
  ['envie', 204, 'again'],
])('%s answered with %s: %s', (format, status, kind) => {
  expect(outcomeOfAttempt(format, 1, answered(status), NOW).kind).toBe(kind);
});

test('maily has no retry, envie two; only standard endpoints may delay theirs with Retry-After', () => {
  expect(FORMATS.maily).toMatchObject({ timeout: 8_000, retries: [] });
  expect(outcomeOfAttempt('envie', 2, answered(500, '900'), NOW)).toEqual({
    kind: 'again',
    after: 5 * MINUTE,
    hold: false,
  });
  expect(outcomeOfAttempt('envie', 3, answered(500), NOW).kind).toBe('given_up');
  expect(outcomeOfAttempt('maily', 1, answered(503, '60'), NOW).kind).toBe('given_up');
});

test.each([
  ['120', { kind: 'again', after: 120_000, hold: true }],
  ['1', { kind: 'again', after: 5_000, hold: true }],
  ['Fri, 15 May 2026 09:10:00 GMT', { kind: 'again', after: 10 * MINUTE, hold: true }],
  ['999999999', { kind: 'again', after: 24 * HOUR, hold: true }],
  ['soon', { kind: 'again', after: 5_000, hold: false }],
])('Retry-After: %s', (retryAfter, verdict) => {
  expect(outcomeOfAttempt('standard', 1, answered(429, retryAfter), NOW)).toEqual(verdict);
});

test('a Retry-After in the past has no effect', () => {
  expect(retryAfterMs('Fri, 15 May 2026 08:00:00 GMT', NOW)).toBe(0);
});

test('one failure delays no other delivery; whole windows of failures delay all, up to five minutes', () => {
  expect([1, 31, 32, 63, 64, 96, 10_000].map(backoffAfter)).toEqual([0, 0, 5_000, 5_000, 10_000, 20_000, 300_000]);
});

test('patterns match event types that the format supports', () => {
  expect(typesOf('*')).toEqual(EVENT_TYPES);
  expect(typesOf('campaign.*')).toContain('campaign.sent');
  expect(typesOf('campaign')).toEqual([]);
  expect(typesFor('standard', ['campaign.sent', 'campaign.*'])).toEqual(
    typesOf('campaign.*').toSorted(byName('campaign.sent')),
  );
  expect(typesFor('envie', ['*']).every((type) => type.startsWith('message.'))).toBe(true);
  expect(typesFor('maily', FORMATS.maily.defaultEvents)).toHaveLength(6);
});

/** This one first, the others in their order. */
function byName(first: string) {
  return (one: string, other: string) => Number(other === first) - Number(one === first);
}
