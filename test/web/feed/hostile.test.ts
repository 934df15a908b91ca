import { expect, test } from 'vitest';
import { monotonic } from '../../../clock.js';
import { readFeed } from '../../../web/feed/feed.js';

const FROM = 'https://acme.example/feed.xml';
const MEGABYTE = 1_000_000;
const inside = (title: string, head = '') =>
  `${head}<rss version="2.0"><channel><title>A</title><item><title>${title}</title></item></channel></rss>`;
const entities = Array.from(
  { length: 10 },
  (_, n) => `<!ENTITY a${n} "${(n === 0 ? 'x' : `&a${n - 1};`).repeat(10)}">`,
).join('');

test.each([
  ['entities that multiply', inside('&a9;', `<!DOCTYPE rss [${entities}]>`)],
  ['an entity of a file', inside('&f;', '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>')],
  ['elements nested deep', inside(`${'<a>'.repeat(200_000)}${'</a>'.repeat(200_000)}`)],
  ['HTML nested deep', inside(`x</title><description>${'&lt;p&gt;'.repeat(150_000)}y</description><title>`)],
  ['a title of signs', inside('<'.repeat(MEGABYTE))],
  ['a title of escaped signs', inside('&lt;'.repeat(MEGABYTE / 4))],
  ['unclosed CDATA', inside('<![CDATA['.repeat(200_000))],
  ['unclosed links', inside('<link xml:base="'.repeat(100_000))],
  ['unclosed items', '<item>'.repeat(300_000) + inside('x')],
  [
    'many attributes',
    inside('x').replace('<rss', `<rss ${Array.from({ length: 100_000 }, (_, n) => `a${n}="b"`).join(' ')}`),
  ],
  ['one long emoji', inside(`a${'\u200d👧'.repeat(200_000)}`)],
  ['one long accent', inside(`a${'\u0301'.repeat(MEGABYTE / 2)}`)],
  ['names of prototypes', inside('<__proto__>x</__proto__><constructor>y</constructor>')],
  ['JSON nested deep', `{"version":"https://jsonfeed.org/version/1.1","items":${'['.repeat(MEGABYTE)}}`],
])('a feed of %s is read or refused within seconds', (_name, text) => {
  const from = monotonic();
  const feed = readFeed(text, FROM);
  expect(monotonic() - from).toBeLessThan(5_000);
  expect(JSON.stringify(feed ?? '').length).toBeLessThan(10_000);
  expect(JSON.stringify(feed ?? '')).not.toContain('root:');
});
