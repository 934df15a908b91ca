import { expect, test } from 'vitest';
import { readFeed } from '../../../web/feed/feed.js';

const FROM = 'https://acme.example/feed.xml';

const RSS = `<?xml version="1.0"?><rss version="2.0"><channel><title>Acme &amp; Co</title><link>https://acme.example</link>
<item><title>One &lt;b&gt;bold&lt;/b&gt;</title><guid>1</guid><link>https://acme.example/1</link>
<description><![CDATA[<p>Hello <a href="https://evil.example">there</a> <img src="x"></p>]]></description>
<pubDate>Fri, 15 May 2026 09:00:00 GMT</pubDate></item>
<item><title>Two</title><link>javascript:alert(1)</link><description>${'word '.repeat(300)}</description></item>
<item><guid>3</guid></item></channel></rss>`;

const ATOM = `<feed xmlns="http://www.w3.org/2005/Atom"><title>Acme</title><link href="https://acme.example"/>
<entry><title>One</title><id>urn:1</id><link rel="self" href="https://acme.example/self"/>
<link rel="alternate" href="https://acme.example/one"/><content type="html">&lt;b&gt;text&lt;/b&gt;</content>
<updated>2026-05-15T09:00:00Z</updated></entry></feed>
<!-- served from a cache -->`;

test('RSS is read as plain text; links are web addresses only, and items with nothing to show are left out', () => {
  const feed = readFeed(RSS, FROM);
  expect(feed).toMatchObject({ title: 'Acme & Co', link: 'https://acme.example/' });
  expect(feed?.items).toHaveLength(2);
  const [one, two] = feed?.items ?? [];
  expect(one).toMatchObject({ title: 'One bold', link: 'https://acme.example/1', summary: 'Hello there' });
  expect(one?.date).toBe('2026-05-15T09:00:00.000Z');
  expect([two?.link, two?.date, two?.summary.endsWith('word …')]).toEqual(['', '', true]);
});

test('Atom items link to the page, not to the entry itself', () => {
  const [one] = readFeed(ATOM, FROM)?.items ?? [];
  expect(one).toMatchObject({ title: 'One', link: 'https://acme.example/one', summary: 'text' });
});

test('an entry has the same id at every read, and two entries have different ids', () => {
  const marks = readFeed(RSS, FROM)?.items.map(({ fingerprint }) => fingerprint);
  expect(readFeed(RSS, FROM)?.items.map(({ fingerprint }) => fingerprint)).toEqual(marks);
  expect(new Set(marks).size).toBe(2);
});

test('a feed of unclosed comments is read in one pass', () => {
  const many = '<!-- --> '.repeat(200_000);
  expect(readFeed(`${many}</rss>${many}x`, FROM)).toBeUndefined();
  expect(readFeed(`</rss>${'<!--'.repeat(200_000)}-->`, FROM)).toBeUndefined();
  expect(readFeed(`${ATOM}${many}`, FROM)?.items).toHaveLength(1);
});

test.each(['', '<html><body>Not found</body></html>', '{"items": []}', RSS.slice(0, -20), ATOM.slice(0, 200)])(
  'an incomplete feed is not read',
  (text) => {
    expect(readFeed(text, FROM)).toBeUndefined();
  },
);
