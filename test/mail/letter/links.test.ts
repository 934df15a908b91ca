import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodiesOf } from '../../../mail/letter/document.js';
import { addressesIn } from '../../../mail/letter/links/address-grammar.js';
import { linksIn, rewriteHtml } from '../../../mail/letter/links/links.js';
import { slotsIn } from '../../../mail/letter/slots.js';
import { destinationsIn } from '../../../mail/letter/tracking.js';
import { maskLiquid } from '../../../mail/liquid/mask-liquid.js';
import { growth, ONE_PASS } from '../../support/growth.js';
import { aLetter } from '../../support/mail/letters.js';

const marked = (destination: string) => `[${destination}]`;
/** The text with each address that is found in marks. */
const rewriteText = (text: string) => {
  let done = '';
  let from = 0;
  for (const [start, end] of addressesIn(text, maskLiquid)) {
    done += `${text.slice(from, start)}[${text.slice(start, end)}]`;
    from = end;
  }
  return done + text.slice(from);
};
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
  [
    'an unknown entity, which is text',
    link('https://a.test/?a&bogus;b'),
    '<a href="[https://a.test/?a&bogus;b]">x</a>',
  ],
  ['a rare entity', link('https://a.test/a&sol;b&lowbar;c'), '<a href="[https://a.test/a/b_c]">x</a>'],
  [
    'a parameter that looks like an entity',
    link('https://a.test/?a=1&copy=2'),
    '<a href="[https://a.test/?a=1&copy=2]">x</a>',
  ],
  ['an address without slashes', link('https:a.test/x'), '<a href="[https://a.test/x]">x</a>'],
  ['line breaks in the address', link('https://a.test/\n x'), '<a href="[https://a.test/%20x]">x</a>'],
  [
    'two branches of an attribute',
    '<a {% if a %}href="https://a.test/x"{% else %}href="https://a.test/y"{% endif %}>x</a>',
    '<a {% if a %}href="[https://a.test/x]"{% else %}href="[https://a.test/y]"{% endif %}>x</a>',
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
  expect(linksIn(html + link('https://a.test/3', ' data-notrack=""'))).toEqual({
    destinations: ['https://a.test/1', 'https://a.test/2'],
    untracked: new Set(['https://a.test/3']),
    personal: ['https://a.test/{{ id }}'],
  });
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
  expect(rewriteText(text)).toBe(expected);
});

test('addresses of a text part are found once each', () => {
  const { text, links } = bodiesOf({ ...aLetter(), text: 'https://a.test/x https://a.test/x. (https://b.test)' });
  expect(destinationsIn({ text, links }, 'https://us.test')).toEqual(['https://a.test/x', 'https://b.test/']);
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
      expect(rewriteHtml(html, () => undefined)).toBe(html);
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

test.each(['<a "', '<a href=', '<a '.repeat(3), "<a '", 'https://a.test/)))', '{% raw'])(
  'a hostile letter of %j is read in linear time',
  async (nasty) => {
    const read = (html: string) => {
      expect(rewriteHtml(html, () => undefined)).toBe(html);
      expect(addressesIn(html)).toBeDefined();
    };
    expect(await growth(read, nasty.repeat(50_000), nasty.repeat(200_000))).toBeLessThan(ONE_PASS);
  },
);
