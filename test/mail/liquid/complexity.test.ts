import { describe, expect, test } from 'vitest';
import { checkLetter } from '../../../mail/letter/compile.js';
import { sampleContext } from '../../../mail/liquid/sample-context.js';
import { growth, ONE_PASS } from '../../support/growth.js';

/** Without limits each takes seconds, or all memory; `n` is a quarter of what is tried. */
const BOMBS: readonly [what: string, html: (n: number) => string, words: string][] = [
  ['a path of 100,000 names', (n) => `{% assign a = ${'a.'.repeat(25_000 * n)}a %}`, 'characters in one tag'],
  ['20,000 conditions', (n) => `{% if a == b${' or a == b'.repeat(5_000 * n)} %}x{% endif %}`, 'characters in one tag'],
  ['30,000 properties in brackets', (n) => `{{ a${'["b"]'.repeat(7_500 * n)} }}`, 'characters in one tag'],
  ['2,400 names in one tag', (n) => `{{ a${'.b'.repeat(600 * n)} }}`, ' in one tag'],
  ['30,000 branches', (n) => `{% case a %}${'{% when 1 %}'.repeat(7_500 * n)}{% endcase %}`, '5000 tags'],
  ['60,000 variables', (n) => Array.from({ length: 15_000 * n }, (_, i) => `{{ v${i} }}`).join(''), '5000 tags'],
  ['40,000 assignments', (n) => '{% assign a = 1 %}'.repeat(10_000 * n), '5000 tags'],
  [
    '60,000 assignments in one tag',
    (n) => `{% liquid\n${'assign a = 1\n'.repeat(15_000 * n)} %}`,
    'characters in one tag',
  ],
  ['long strings in many tags', (n) => `{{ "${'x'.repeat(3_900)}" }}`.repeat(100 * n), 'characters in its tags'],
  ['many words in many tags', (n) => `{{ a${'.b'.repeat(200)} }}`.repeat(100 * n), ' in its tags'],
  [
    '160 blocks inside each other',
    (n) => `${'{% if a %}'.repeat(40 * n)}${'{% endif %}'.repeat(40 * n)}`,
    'blocks inside each other',
  ],
];

describe('a source that is too complex', () => {
  test.each(BOMBS)('%s: refused before it is parsed', async (_, html, words) => {
    const [small, large] = [html(1), html(4)];
    for (const one of [small, large]) {
      expect(checkLetter({ html: one })).toEqual({ html: [expect.stringContaining(words)] });
      expect(sampleContext([one])).toEqual({});
    }
    const read = (one: string) => [checkLetter({ html: one }), sampleContext([one])];
    expect(await growth(read, small, large)).toBeLessThan(ONE_PASS);
  });

  test('600 names in one tag, and too many in all tags', () => {
    const [one, all] = [`{{ a${'.b'.repeat(600)} }}`, `{{ a${'.b'.repeat(200)} }}`.repeat(100)];
    expect(checkLetter({ html: one })).toEqual({ html: [expect.stringContaining('words in one tag')] });
    expect(checkLetter({ html: all })).toEqual({ html: [expect.stringContaining('words in its tags')] });
  });

  test.each([
    ['a tag inside raw', `{% raw %}{{ "{% endraw %}{{ a " }} "${' | upcase'.repeat(600)} }}`],
    ['a brace pair inside a string', `{{ "}}"${' | upcase'.repeat(600)} }}`],
  ])('%s hides nothing', (_, html) => {
    expect(checkLetter({ html })).toEqual({ html: [expect.stringContaining('too complex')] });
  });
});

test.each([
  ['an ordinary letter', '<p>Hello {{ first_name | default: "you" }}</p>'.repeat(400)],
  ['a long text', '<p>Hello world</p>'.repeat(100_000)],
  ['a long string', `{{ "${'x '.repeat(1_500)}" | upcase }}`],
  ['blocks in a comment', `{% comment %}${'{% if a %}'.repeat(40)}{% endcomment %}`],
  ['200 branches', `{% case a %}${'{% when "x" %}y'.repeat(200)}{% endcase %}`],
])('%s is not too complex', (_, html) => {
  expect(checkLetter({ html })).toEqual({});
});

test.each([
  ['{{ first_name', 'output "{{ first_name" not closed, line:1, col:1'],
  [`x\n{{ a${' '.repeat(5_000)}`, 'not closed, line:2, col:1'],
])('a tag without an end is reported with its position', (html, fault) => {
  expect(checkLetter({ html })).toEqual({ html: [expect.stringContaining(fault)] });
});

test('a sample has the properties that loops read, also in long templates', () => {
  const loops = '{% for item in order.items %}{{ item.name }}{% endfor %}{% for row in rows %}{{ row.id }}{% endfor %}';
  expect(sampleContext([`${'<p>Hello</p>'.repeat(30_000)}${loops}`])).toEqual({
    order: { items: [{ name: 'name' }] },
    rows: [{ id: 'id' }],
  });
  expect(sampleContext(['{{ some.variable }}'.repeat(1_000)])).toEqual({ some: { variable: 'variable' } });
});
