import { expect, test } from 'vitest';
import { issueId, issueTiming, overlapAction, sourceRetryDelay } from '../../../domain/newsletter/issue.js';
import { nextFeedState, promptForIssue } from '../../../domain/newsletter/source.js';

const MINUTE = 60_000;
const scheduledAt = new Date('2026-05-15T07:00:00.400Z');
const after = (minutes: number) => new Date(scheduledAt.getTime() + minutes * MINUTE);
const plan = {
  kind: 'scheduled',
  scheduledAt,
  catchUp: 60 * MINUTE,
  lead: 15 * MINUTE,
  jitter: 0,
  lateAfter: MINUTE,
} as const;

test.each([
  ['at its time', 0, {}, { late: false, tooLate: false, sendAt: after(15) }],
  ['half an hour late: with the full lead time', 30, {}, { late: true, tooLate: false, sendAt: after(45) }],
  ['later than its window', 61, {}, { late: true, tooLate: true }],
  ['within its jitter', 5, { jitter: 5 * MINUTE }, { late: false, tooLate: false }],
  ['with no window at all, at once', 0.5, { catchUp: 0 }, { late: false, tooLate: false }],
  ['with no window at all, late', 2, { catchUp: 0 }, { late: true, tooLate: true }],
  ['triggered, at any time', 10_000, { kind: 'triggered' as const }, { late: false, tooLate: false }],
])('an issue that begins %s', (_what, minutes, over, fate) => {
  expect(issueTiming({ ...plan, ...over, now: after(minutes) })).toMatchObject(fate);
});

test('the id of an issue is made of newsletter and time', () => {
  expect(issueId(7, scheduledAt)).toBe('7:2026-05-15T07:00:00Z');
});

test('an issue beside an open one is skipped, waits or begins, by its policy', () => {
  expect((['skip', 'buffer_one', 'buffer_all', 'allow_all'] as const).map(overlapAction)).toEqual([
    'skip',
    'wait',
    'wait',
    'begin',
  ]);
});

test('a failed source is tried again soon, then less often, at least every quarter of an hour', () => {
  const waits = Array.from({ length: 60 }, (_, tries) => sourceRetryDelay(tries));
  expect(waits[0]).toBe(2_000);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits.at(-1)).toBe(15 * MINUTE);
});

test('the items of a feed are remembered for its URL only, up to a limit', () => {
  const at = { url: 'https://acme.example/a', etag: '"1"', modified: null };
  const before = nextFeedState(null, at, ['b', 'a']);
  expect(nextFeedState(before, { ...at, etag: '"2"' }, ['c', 'b']).seen).toEqual(['a', 'c', 'b']);
  expect(nextFeedState(before, { ...at, url: 'https://acme.example/b' }, ['c']).seen).toEqual(['c']);
  const many = Array.from({ length: 3_000 }, (_, i) => String(i));
  expect(nextFeedState(before, at, many).seen.length).toBe(2_000);
});

test('the prompt contains the day and the subjects that were sent', () => {
  const prompt = promptForIssue('One tip.', 'Acme tips', 'Fri 15 May 2026', ['Tulips', 'Roses']);
  expect(prompt).toMatch(/^One tip\.\n[\s\S]*Fri 15 May 2026[\s\S]*- Tulips\n- Roses$/);
  expect(promptForIssue('One tip.', 'Acme tips', 'Fri 15 May 2026', [])).not.toContain('repeat');
});
