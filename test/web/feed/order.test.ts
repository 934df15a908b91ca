import { expect, test } from 'vitest';
import { dateIn } from '../../../domain/date-in-text.js';
import { readFeed } from '../../../web/feed/feed.js';

const FROM = 'https://acme.example/feed.xml';
const item = (name: string, date = '') => `<item><title>${name}</title>${date && `<pubDate>${date}</pubDate>`}</item>`;
const titlesOf = (items: string) =>
  readFeed(`<rss version="2.0"><channel><title>A</title>${items}</channel></rss>`, FROM)?.items.map(
    ({ title }) => title,
  );

test('the items of a feed are read newest first, whatever their order in the feed', () => {
  const days = ['Fri, 15 May 2026 09:00:00 GMT', '2026-05-16T09:00:00+02:00', 'Sun, 17 May 2026 09:00:00 CEST'];
  expect(titlesOf(days.map((date, n) => item(String(n), date)).join(''))).toEqual(['2', '1', '0']);
});

test('items without dates keep their order, and stay beside the item before them', () => {
  expect(titlesOf(item('a') + item('b') + item('c'))).toEqual(['a', 'b', 'c']);
  const mixed = item('old', '1 May 2026') + item('after old') + item('new', '2 May 2026') + item('after new');
  expect(titlesOf(mixed)).toEqual(['new', 'after new', 'old', 'after old']);
});

test('of a long feed in the order of time the newest items are read', () => {
  const many = Array.from({ length: 600 }, (_, n) => item(String(n), new Date(n * 86_400_000).toUTCString()));
  const titles = titlesOf(many.join('')) ?? [];
  expect([titles.length, titles[0], titles.at(-1)]).toEqual([500, '599', '100']);
});

test('an item that a feed contains twice is read once', () => {
  expect(
    titlesOf('<item><guid>1</guid><title>New</title></item><item><guid>1</guid><title>Old</title></item>'),
  ).toEqual(['New']);
});

test.each([
  ['Fri, 15 May 2026 09:00:00 GMT', '2026-05-15T09:00:00.000Z'],
  ['Fri, 15 May 2026 09:00:00 +0200', '2026-05-15T07:00:00.000Z'],
  ['Fri, 15 May 2026 09:00:00 EST', '2026-05-15T14:00:00.000Z'],
  ['Fri, 15 May 2026 09:00:00 CEST', '2026-05-15T07:00:00.000Z'],
  ['Mon, 15 May 2026 09:00:00', '2026-05-15T09:00:00.000Z'],
  ['15 May 2026', '2026-05-15T00:00:00.000Z'],
  ['2026-05-15', '2026-05-15T00:00:00.000Z'],
  ['2026-05-15 09:00', '2026-05-15T09:00:00.000Z'],
  ['2026-05-15 09:00:00 +0200', '2026-05-15T07:00:00.000Z'],
  ['2026-05-15T09:00:00', '2026-05-15T09:00:00.000Z'],
  ['2026-05-15T09:00:00.123456Z', '2026-05-15T09:00:00.123Z'],
  ['yesterday', undefined],
  ['', undefined],
])('the date %s is %s', (text, iso) => {
  expect(dateIn(text)?.toISOString()).toBe(iso);
});
