import { describe, expect, test } from 'vitest';
import { fillParts, parseParts } from '../../../mail/liquid/fill-parts.js';
import { growth, ONE_PASS } from '../../support/growth.js';

const parts = (html: string) => parseParts({ subject: 'Hi', preheader: null, html, text: html });
const nested = (what: string, times: number) => `{% assign a = "" | split: "" | push: 1 %}${what.repeat(times)}`;
const LONG = `{% assign s = "aaaaaaaaaa"${' | replace: "a", "aaaaaaaaaa"'.repeat(4)} %}`;

const BOMBS: readonly [string, string][] = [
  ['loops inside loops', '{% for a in (1..1000) %}{% for b in (1..1000) %}x{% endfor %}{% endfor %}'],
  ['a long loop', '{% for i in (1..1000000) %}x{% endfor %}'],
  ['a loop with an empty body', '{% for i in (1..1000000) %}{% endfor %}'],
  ['a range whose bounds cannot be counted', '{% for i in (100000000000000000..100000000000000010) %}x{% endfor %}'],
  ['the same in the expression of a filter', '{{ a | where_exp: "i", "(100000000000000000..100000000000000010)" }}'],
  ['growing texts', `{{ "a"${' | replace: "a", "aaaaaaaaaa"'.repeat(30)} }}`],
  ['an expression for each of many items', '{{ (1..1000000) | where_exp: "i", "i > 5 and i < 7" | size }}'],
  ['a property of each of many items', `{{ (1..1000000)${' | map: "size"'.repeat(4)} | size }}`],
  ['a long text searched for each item', `${LONG}{{ (1..10000) | where_exp: "i", "s contains 'b'" | size }}`],
  ['copies of a long list', `{% assign r = (1..300000) %}{{ r${' | reverse'.repeat(100)} | size }}`],
  ['lists that hold a list twice', `${nested('{% assign a = "" | split: "" | push: a | push: a %}', 30)}{{ a }}`],
  ['a list in a list in a list', `${nested('{% assign a = "" | split: "" | push: a %}', 300)}{{ a | json: 10 }}`],
  ['a capture that doubles', `{% assign c = "xx" %}${'{% capture c %}{{ c }}{{ c }}{% endcapture %}'.repeat(30)}`],
  ['many branches', `{% for i in (1..9999) %}{% case i %}${'{% when 0 %}y'.repeat(300)}{% endcase %}{% endfor %}`],
];

/** Uses nearly all steps of a message. */
const ALLOWED = '{% for a in (1..160) %}{% for b in (1..100) %}x{% endfor %}{% endfor %}';
const fill = (html: string) => fillParts(parts(html), { a: [1] });

describe('a template beyond a limit is refused with its code', () => {
  test.each(BOMBS)('%s, by a count and not by the clock, at the cost of an allowed one', async (_, html) => {
    expect(fill(ALLOWED)).toMatchObject({ html: 'x'.repeat(16_000) });
    const fault = expect.stringMatching(/too complex.*\((?:steps|size|memory|output|depth)\)/);
    expect(fill(html)).toEqual({ code: 'template_too_complex', fault });
    expect(await growth(fill, ALLOWED, html)).toBeLessThan(ONE_PASS);
  });
});

test.each([
  ['{% for i in (1..3) %}{{ i }}{% endfor %}', '123'],
  ['{% for i in (1..n) reversed %}{{ i }}{% endfor %}', '21'],
  ['{% assign r = (2..4) %}{{ r | join: "," }}{{ r | size }}', '2,3,43'],
  ['{% for i in (3..1) %}{{ i }}{% else %}none{% endfor %}', 'none'],
  ['{% for i in (1..words) %}{{ i }}{% else %}none{% endfor %}', 'none'],
  ['{{ (1..9) | where_exp: "i", "i > 7" | join }}', '8 9'],
  [
    '{% tablerow i in (1..2) %}{{ i }}{% endtablerow %}',
    '<tr class="row1"><td class="col1">1</td><td class="col2">2</td></tr>',
  ],
  ['{{ list | json }}', '[&#34;a&#34;,&#34;b&#34;]'],
])('%s is still Liquid: %s', (html, shown) => {
  expect(fillParts(parts(html), { n: 2, words: 'many', list: ['a', 'b'] })).toMatchObject({ html: shown });
});

test('a table of a thousand cells is within the limits', () => {
  const html = `{% for row in rows %}<tr>${'<td>{{ row.name | upcase }}</td>'.repeat(5)}</tr>{% endfor %}`;
  const rows = Array.from({ length: 200 }, (_, i) => ({ name: `row ${i}` }));
  expect(fillParts(parts(html), { rows })).toMatchObject({ missing: [], html: expect.stringContaining('ROW 199') });
});

test('missing variables of a long template are named without reading it once for each', async () => {
  const missing = (times: number) =>
    `${'x'.repeat(100_000 * times)}${'{% if true %}'.repeat(20)}${'{{ nothing }}'.repeat(250 * times)}${'{% endif %}'.repeat(20)}`;
  const [small, large] = [missing(1), missing(4)];
  expect(fillParts(parts(large), {})).toMatchObject({ missing: ['nothing'] });
  expect(await growth(fill, small, large)).toBeLessThan(ONE_PASS);
});
