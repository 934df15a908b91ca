import { expect, test } from 'vitest';
import { excessOf } from '../../../mail/render/bounds.js';
import { growth, ONE_PASS } from '../../support/growth.js';

const EXCESSES: readonly [what: string, html: (times: number) => string, words: string][] = [
  ['elements', (times) => '<b>x</b>'.repeat(10_001 * times), '10000 elements'],
  ['elements without end tags', (times) => '<br>'.repeat(10_001 * times), '10000 elements'],
  ['nesting', (times) => '<div>'.repeat(251 * times), '250 elements inside each other'],
  ['nesting of unknown elements', (times) => '<x-y a="b">'.repeat(251 * times), '250 elements inside each other'],
  [
    'rules for many elements',
    (times) => `<style>${'.a{}'.repeat(1_001 * times)}</style>${'<p>x'.repeat(2_000 * times)}`,
    'comparisons',
  ],
  [
    'selectors in one rule',
    (times) => `<style>${'a,'.repeat(1_000 * times)}b{}</style>${'<p>x'.repeat(2_000 * times)}`,
    'comparisons',
  ],
];

test.each(EXCESSES)('a document with too much of %s is refused before it is parsed', async (_, html, words) => {
  const [small, large] = [html(1), html(4)];
  for (const one of [small, large])
    expect(excessOf(one)).toMatchObject({ code: 'template_too_complex', reason: expect.stringContaining(words) });
  expect(await growth(excessOf, small, large)).toBeLessThan(ONE_PASS);
});

test.each([
  ['tables in tables', '<table><tr><td>'.repeat(60) + '</td></tr></table>'.repeat(60)],
  ['paragraphs and rows without end tags', `<table>${'<tr><td>x<p>y'.repeat(1_000)}</table>`],
  ['images and line breaks', '<img src="a"><br>'.repeat(1_000)],
  ['many attributes', `<p ${'a="b" '.repeat(30_000)}>x</p>`],
])('an ordinary one is not: %s', (_, html) => {
  expect(excessOf(html)).toBeUndefined();
});
