import { expect, test } from 'vitest';
import { readFeed } from '../../../web/feed/feed.js';
import { growth, ONE_PASS } from '../../support/growth.js';

const FROM = 'https://acme.example/feed.xml';
const inside = (title: string, head = '') =>
  `${head}<rss version="2.0"><channel><title>A</title><item><title>${title}</title></item></channel></rss>`;
const entities = (times: number) =>
  Array.from({ length: 10 }, (_, n) => `<!ENTITY a${n} "${(n === 0 ? 'x' : `&a${n - 1};`).repeat(3 * times)}">`).join(
    '',
  );
const attributes = (times: number) => Array.from({ length: 10_000 * times }, (_, n) => `a${n}="b"`).join(' ');

/** About a megabyte long; the last one more: what little work there is costs nothing until memory is cleaned. */
test.each<[string, (times: number) => string]>([
  ['entities that multiply', (times) => inside('&a9;', `<!DOCTYPE rss [${entities(times)}]>`)],
  ['an entity of a file', () => inside('&f;', '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]>')],
  ['elements nested deep', (times) => inside(`${'<a>'.repeat(50_000 * times)}${'</a>'.repeat(50_000 * times)}`)],
  [
    'HTML nested deep',
    (times) => inside(`x</title><description>${'&lt;p&gt;'.repeat(37_500 * times)}y</description><title>`),
  ],
  ['a title of signs', (times) => inside('<'.repeat(250_000 * times))],
  ['a title of escaped signs', (times) => inside('&lt;'.repeat(62_500 * times))],
  ['unclosed CDATA', (times) => inside('<![CDATA['.repeat(50_000 * times))],
  ['unclosed links', (times) => inside('<link xml:base="'.repeat(25_000 * times))],
  ['unclosed items', (times) => '<item>'.repeat(75_000 * times) + inside('x')],
  ['many attributes', (times) => inside('x').replace('<rss', `<rss ${attributes(times)}`)],
  ['one long emoji', (times) => inside(`a${'\u200d👧'.repeat(50_000 * times)}`)],
  ['one long accent', (times) => inside(`a${'\u0301'.repeat(125_000 * times)}`)],
  ['names of prototypes', () => inside('<__proto__>x</__proto__><constructor>y</constructor>')],
  [
    'JSON nested deep',
    (times) => `{"version":"https://jsonfeed.org/version/1.1","items":${'['.repeat(1_000_000 * times)}}`,
  ],
])('a feed of %s is read or refused in one pass', async (_name, text) => {
  const [small, large] = [text(1), text(4)];
  const read = JSON.stringify(readFeed(large, FROM) ?? '');
  expect(read.length).toBeLessThan(10_000);
  expect(read).not.toContain('root:');
  expect(await growth((one) => readFeed(one, FROM), small, large)).toBeLessThan(ONE_PASS);
});
