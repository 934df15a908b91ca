import { describe, expect, test } from 'vitest';
import { checkLetter } from '../../../mail/letter/compile.js';
import { sampleContext } from '../../../mail/liquid/sample-context.js';

/** Without limits each takes seconds, or all memory. */
const BOMBS: readonly [string, string, string][] = [
  ['a path of 100,000 names', `{% assign a = ${'a.'.repeat(100_000)}a %}`, 'characters in one tag'],
  ['20,000 conditions', `{% if a == b${' or a == b'.repeat(20_000)} %}x{% endif %}`, 'characters in one tag'],
  ['30,000 properties in brackets', `{{ a${'["b"]'.repeat(30_000)} }}`, 'characters in one tag'],
  ['600 names in one tag', `{{ a${'.b'.repeat(600)} }}`, 'words in one tag'],
  ['30,000 branches', `{% case a %}${'{% when 1 %}'.repeat(30_000)}{% endcase %}`, '5000 tags'],
  ['60,000 variables', Array.from({ length: 60_000 }, (_, i) => `{{ v${i} }}`).join(''), '5000 tags'],
  ['40,000 assignments', '{% assign a = 1 %}'.repeat(40_000), '5000 tags'],
  ['60,000 assignments in one tag', `{% liquid\n${'assign a = 1\n'.repeat(60_000)} %}`, 'characters in one tag'],
  ['long strings in many tags', `{{ "${'x'.repeat(3_900)}" }}`.repeat(100), 'characters in its tags'],
  ['many words in many tags', `{{ a${'.b'.repeat(200)} }}`.repeat(100), 'words in its tags'],
  ['40 blocks inside each other', `${'{% if a %}'.repeat(40)}${'{% endif %}'.repeat(40)}`, 'blocks inside each other'],
];

describe('a source that is too complex', () => {
  test.each(BOMBS)('%s: refused before it is parsed', (_, html, words) => {
    const start = performance.now();
    expect(checkLetter({ html })).toEqual({ html: [expect.stringContaining(words)] });
    expect(sampleContext([html])).toEqual({});
    expect(performance.now() - start).toBeLessThan(2_000);
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
