import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressesIn, linksIn, rewriteHtml, rewriteText, untrackedIn } from '../../../mail/letter/links.js';
import { slotsIn } from '../../../mail/letter/slots.js';

const marked = (destination: string) => `[${destination}]`;
const link = (href: string, more = '') => `<a href="${href}"${more}>x</a>`;

test.each([
  ['a plain link', link('https://a.test/x'), '<a href="[https://a.test/x]">x</a>'],
  ['single quotes', `<a href='http://a.test/x'>x</a>`, '<a href="[http://a.test/x]">x</a>'],
  ['no quotes', '<a class=b href=https://a.test/x>x</a>', '<a class=b href="[https://a.test/x]">x</a>'],
  ['blanks and capitals', '<A\n HREF = " https://a.test/x ">x</A>', '<A\n HREF = "[https://a.test/x]">x</A>'],
  ['entities', link('https://a.test/?a=1&amp;b=2&#38;c'), '<a href="[https://a.test/?a=1&b=2&c]">x</a>'],
  ['a map', '<area href="https://a.test/m" alt="">', '<area href="[https://a.test/m]" alt="">'],
  [
    'a button for Outlook',
    '<!--[if mso]><v:roundrect href="https://a.test/m">',
    '<!--[if mso]><v:roundrect href="[https://a.test/m]">',
  ],
  [
    'a link in a block',
    `{% if a > "b" %}${link('https://a.test/x')}{% endif %}`,
    '{% if a > "b" %}<a href="[https://a.test/x]">x</a>{% endif %}',
  ],
  [
    'beside Liquid',
    `<a {% if a %}class="b"{% endif %} href="https://a.test/x">{{ b }}</a>`,
    `<a {% if a %}class="b"{% endif %} href="[https://a.test/x]">{{ b }}</a>`,
  ],
  [
    'a link whose text is a web address',
    '<a href="https://a.test/x">https://a.test/x</a>',
    '<a href="[https://a.test/x]">https://a.test/x</a>',
  ],
  ['an international domain', link('https://bücher.test/ä'), '<a href="[https://xn--bcher-kva.test/%C3%A4]">x</a>'],
])('%s is tracked', (_what, html, expected) => {
  expect(rewriteHtml(html, marked)).toBe(expected);
});

test.each([
  ['a personal link', link('https://a.test/{{ id }}')],
  ['an unsubscribe link', link('{{ unsubscribe_url }}')],
  ['mailto', link('mailto:a@example.test')],
  ['tel', link('tel:+491234')],
  ['an anchor', link('#top')],
  ['a path', link('/x')],
  ['a script', link('javascript:alert(1)')],
  ['a link with data-notrack', link('https://a.test/x', ' data-notrack')],
  ['an unknown entity', link('https://a.test/?a&bogus;b')],
  ['an href in another attribute', '<a title="see href=https://a.test/x">x</a>'],
  ['another tag', '<link href="https://a.test/x"><img src="https://a.test/y"><abbr href="https://a.test/z">'],
  ['a link in a raw block', `{% raw %}${link('https://a.test/x')}{% endraw %}`],
  ['an incomplete address', link('https://')],
  ['a tag without an end', '<a href="https://a.test/x'],
])('%s stays unchanged', (_what, html) => {
  expect(rewriteHtml(html, marked)).toBe(html);
});

test('destinations are listed once, personal ones as written', () => {
  const html =
    link('https://a.test/1') + link('https://a.test/{{ id }}') + link('https://a.test/2') + link('https://a.test/1');
  expect(linksIn(html)).toEqual({
    destinations: ['https://a.test/1', 'https://a.test/2'],
    personal: ['https://a.test/{{ id }}'],
  });
  expect([...untrackedIn(html + link('https://a.test/3', ' data-notrack=""'))]).toEqual(['https://a.test/3']);
});

test.each([
  ['See (https://a.test/x).', 'See ([https://a.test/x]).'],
  ['https://a.test/x, or https://a.test/y!', '[https://a.test/x], or [https://a.test/y]!'],
  ['(https://a.test/wiki/Tea_(drink))', '([https://a.test/wiki/Tea_(drink)])'],
  ['https://a.test/?a=1&b=2', '[https://a.test/?a=1&b=2]'],
  [
    'https://a.test/{{ id }} and https://a.test/{% if id %}x{% endif %}',
    'https://a.test/{{ id }} and https://a.test/{% if id %}x{% endif %}',
  ],
  ['{% if id %}Here (https://a.test/x){% endif %}', '{% if id %}Here ([https://a.test/x]){% endif %}'],
  ['Mail to a@example.test', 'Mail to a@example.test'],
])('in a text part %j becomes %j', (text, expected) => {
  expect(rewriteText(text, marked)).toBe(expected);
});

test('addresses of a text part are found once each', () => {
  expect(addressesIn('https://a.test/x https://a.test/x. (https://b.test)')).toEqual([
    'https://a.test/x',
    'https://b.test/',
  ]);
});

test('for any input only the links change, and Liquid stays as well formed as before', () => {
  const piece = fc.constantFrom(
    '<a ',
    'href=',
    '"',
    "'",
    '>',
    'https://a.test/x',
    '{{ a }}',
    '{% if a %}',
    '{% endif %}',
    ' ',
    '<',
    'data-notrack',
    '\uFDD0',
    'ä',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const html = pieces.join('');
      const untouched = rewriteHtml(html, () => undefined);
      expect(untouched).toBe(html.replaceAll('\uFDD0', ''));
      const parses = (source: string) => {
        try {
          slotsIn(source, 'html');
          return true;
        } catch {
          return false;
        }
      };
      expect(parses(rewriteHtml(html, () => 'https://us.test/{{ token }}/1'))).toBe(parses(html));
    }),
    { numRuns: 500 },
  );
});

test('hostile letters are read in linear time', { timeout: 5_000 }, () => {
  for (const nasty of ['<a "', '<a href=', '<a '.repeat(3), "<a '", 'https://a.test/)))', '{% raw']) {
    const html = nasty.repeat(200_000);
    expect(
      rewriteText(
        rewriteHtml(html, () => undefined),
        () => undefined,
      ),
    ).toBe(html);
  }
});
