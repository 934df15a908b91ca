import fc from 'fast-check';
import { expect, test } from 'vitest';
import { issueId, issueTiming, overlapAction, sourceRetryDelay } from '../../../domain/newsletter/issue.js';
import { chooseItems, inboxLines, nextFeedState, promptForIssue } from '../../../domain/newsletter/source.js';

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

const marked = (...names: string[]) => names.map((fingerprint) => ({ fingerprint }));
const memory = (seen: string[] = [], taken: string[] = []) => ({ seen: new Set(seen), taken: new Set(taken) });

test('new items that do not fit into an issue stay new and are counted', () => {
  const feed = marked('e', 'd', 'c', 'b', 'a');
  const first = chooseItems(feed, memory(['a']), { max_items: 2 });
  expect(first).toEqual({ items: marked('e', 'd'), marks: ['e', 'd', 'a'], left: 2 });
  const second = chooseItems(feed, memory([...first.marks]), { max_items: 2 });
  expect(second).toEqual({ items: marked('c', 'b'), marks: ['e', 'd', 'c', 'b', 'a'], left: 0 });
  expect(chooseItems(feed, memory([...second.marks]), { max_items: 2 }).items).toEqual([]);
});

test('a newsletter that skips what does not fit counts it and does not send it later', () => {
  const choice = chooseItems(marked('c', 'b', 'a'), memory(), { max_items: 1, overflow: 'skip' });
  expect(choice).toEqual({ items: marked('c'), marks: ['c', 'b', 'a'], left: 2 });
});

test('items of an open issue are not taken again, and stay new if it is not sent', () => {
  const choice = chooseItems(marked('b', 'a'), memory([], ['a']), { max_items: 5 });
  expect(choice).toEqual({ items: marked('b'), marks: ['b'], left: 0 });
});

test('whatever a feed holds, each item is sent exactly once, the newest of the moment first', () => {
  const names = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 10 }), (ids, max_items) => {
      const feed = marked(...ids.map(String));
      const sent: string[] = [];
      for (let seen: readonly string[] = []; sent.length < feed.length; ) {
        const { items, marks, left } = chooseItems(feed, memory([...seen]), { max_items });
        sent.push(...items.map(({ fingerprint }) => fingerprint));
        expect(left).toBe(feed.length - sent.length);
        seen = marks;
      }
      expect(sent).toEqual(ids.map(String));
    }),
  );
});

test('the inbox shows the titles of an issue, then its first text', () => {
  const item = (title: string, summary = '') => ({ title, summary });
  expect(inboxLines([item('Tulips', 'They bloom.')])).toEqual({ subject: 'Tulips', preview: 'They bloom.' });
  expect(inboxLines([item('Tulips', 'x'), item('Roses')])).toEqual({ subject: 'Tulips · Roses', preview: 'x' });
  const long = Array.from({ length: 4 }, (_, n) => item(`${n} ${'word '.repeat(8).trim()}`));
  expect(inboxLines(long)).toEqual({
    subject: `${long[0]?.title} · ${long[1]?.title}`,
    preview: `${long[2]?.title} · ${long[3]?.title}`,
  });
  expect(inboxLines([item('t'.repeat(300))]).subject).toBe('t'.repeat(300));
});
