import fc from 'fast-check';
import { expect, test } from 'vitest';
import { followedLetter, followedMessageOf } from '../../support/mail/followed-links.js';

const HOSTS = [
  'x.example',
  'X.Example:8080',
  'bücher.example',
  '你好.example',
  '[2001:db8::7]',
  '[::1]:81',
  '192.0.2.7',
  'a:b%20c@x.example',
];
const PIECES =
  "a|Z9|-|.|_|~|!|$|'|(|)|*|,|;|=|:|@|[|]|{|}|%7C|%5B|%2F|%zz|%|ä|你|🍵|&|&amp;|&copy|+|//|/|\\|^|`|(b)|[0]|http://y.example/"
    .split('|')
    .concat('|', ' ', '"', '<', '>');

/** Any web address that is not Liquid, as an author may write it into an attribute. */
const anAddress = fc
  .tuple(
    fc.constantFrom('http', 'https', 'HTTPS'),
    fc.constantFrom(...HOSTS),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }),
    fc.option(fc.array(fc.constantFrom(...PIECES, '?'), { maxLength: 8 }), { nil: undefined }),
    fc.option(fc.array(fc.constantFrom(...PIECES, '?', '#'), { maxLength: 4 }), { nil: undefined }),
  )
  .map(([scheme, host, path, query, fragment]) =>
    [`${scheme}://${host}/${path.join('')}`, query && `?${query.join('')}`, fragment && `#${fragment.join('')}`]
      .filter((part) => part !== undefined)
      .join(''),
  )
  .filter((address) => isAddress(address) && !/\{[{%]|[}%]\}/.test(address));

function isAddress(address: string): boolean {
  try {
    return new URL(address).href !== '';
  } catch {
    return false;
  }
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
const ALL = [
  (text: string) => `"${escaped(text)}"`,
  (text: string) => `'${escaped(text).replaceAll("'", '&apos;')}'`,
  (text: string) => `" ${[...text].map((char) => `&#${char.codePointAt(0)};`).join('')}\n"`,
  (text: string) => `"${[...text].map((char) => `&#x${char.codePointAt(0)?.toString(16)};`).join('')}"`,
];

/** One link of a letter. */
const aLink = fc.record({
  address: anAddress,
  quoted: fc.constantFrom(...ALL),
  around: fc.constantFrom(
    '<p>LINK</p>',
    'LINK',
    '<b>LINK</b> ',
    '<td>LINK</td>',
    '{% if true %}LINK{% endif %}',
    '<li>LINK</li>',
  ),
  label: fc.constantFrom('', '<img src="https://i.example/a.png" alt=" (picture) ">', '<b>bold</b>', '[x]'),
});

const sentence = (text: string) => text.replace(/\s+/g, ' ').trim();

test('every link of both parts leads where it was written, whatever the address', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aLink, { minLength: 1, maxLength: 8 }), async (links) => {
      const html = links
        .map(({ quoted, around, address, label }, i) =>
          around.replace('LINK', () => `<a class=x href=${quoted(address)}>L${i}${label}</a>`),
        )
        .join('');
      const opened = links.map(({ address }) => new URL(address).href);
      for (const mail of [
        await followedLetter({ html: `${html}<p><a href="{{ unsubscribe_url }}">Out</a></p>` }),
        await followedMessageOf({ html: html.replace(/\{%.*?%\}/g, ''), text: null }),
      ]) {
        expect(mail.destinations).toEqual([...new Set(opened)]);
        expect(mail.hrefs.slice(0, links.length)).toEqual(opened);
        const text = sentence(mail.text);
        let from = 0;
        for (const [i, { label }] of links.entries()) {
          const words = sentence(
            `L${i}${label.replace('<img src="https://i.example/a.png" alt="', ' ').replace(/">|<\/?b>/g, '')}`,
          );
          const at = text.indexOf(words, from);
          expect(at, text).toBeGreaterThanOrEqual(from);
          const behind = text.slice(at + words.length);
          expect(
            [` (${opened[i]})`, ` <${opened[i]}>`].some((shown) => behind.startsWith(shown)),
            `${behind} ${opened[i]}`,
          ).toBe(true);
          from = at + words.length + (opened[i]?.length ?? 0);
        }
        expect(mail.sent).not.toMatch(/(?:x|bücher|xn--bcher-kva)\.example/i);
      }
    }),
    { numRuns: 150 },
  );
});

/** How an author may set an address into a sentence. */
const AROUND = [
  'See ADDRESS now',
  '(ADDRESS)',
  '“ADDRESS”',
  'ADDRESS',
  'a: ADDRESS, b',
  '<ADDRESS>',
  '[ADDRESS](x)',
  'Go (see ADDRESS).',
];

test('every address in a text part of the author leads where it was written', { timeout: 120_000 }, async () => {
  const written = anAddress.filter((address) => !/[\s<>"`]/.test(address)).map((address) => `${address}x`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(written, fc.constantFrom(...AROUND)), { minLength: 1, maxLength: 8 }),
      async (sentences) => {
        // A bracket or a list would end such an address: an author has to encode it, or to write <…>.
        const whole = sentences.filter(
          ([address, around]) => !/[,;|]https?:/i.test(address) && (!/^[([]/.test(around) || isBalanced(address)),
        );
        const put = (to: (address: string) => string) =>
          whole.map(([address, around]) => around.replace('ADDRESS', () => to(address))).join('\n');
        const mail = await followedMessageOf({ html: null, text: put((address) => address) });
        expect(mail.text).toBe(put((address) => new URL(address).href).trimEnd());
      },
    ),
    { numRuns: 400 },
  );
});

function isBalanced(address: string): boolean {
  return ['()', '[]'].every(([open = '', close = '']) => {
    let depth = 0;
    for (const char of address) {
      if (char === open) depth += 1;
      if (char === close) depth -= 1;
      if (depth < 0) return false;
    }
    return true;
  });
}
