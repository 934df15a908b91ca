import { expect, test } from 'vitest';
import { excessOf } from '../../../mail/render/bounds.js';

test.each([
  ['elements', '<b>x</b>'.repeat(10_001), '10000 elements'],
  ['elements without end tags', '<br>'.repeat(10_001), '10000 elements'],
  ['nesting', '<div>'.repeat(251), '250 elements inside each other'],
  ['nesting of unknown elements', '<x-y a="b">'.repeat(251), '250 elements inside each other'],
  ['rules for many elements', `<style>${'.a{}'.repeat(1_001)}</style>${'<p>x'.repeat(2_000)}`, 'comparisons'],
  ['selectors in one rule', `<style>${'a,'.repeat(1_000)}b{}</style>${'<p>x'.repeat(2_000)}`, 'comparisons'],
])('a document with too much of %s is refused before it is parsed', (_, html, words) => {
  const start = performance.now();
  expect(excessOf(html)).toMatchObject({ code: 'template_too_complex', reason: expect.stringContaining(words) });
  expect(performance.now() - start).toBeLessThan(1_000);
});

test.each([
  ['tables in tables', '<table><tr><td>'.repeat(60) + '</td></tr></table>'.repeat(60)],
  ['paragraphs and rows without end tags', `<table>${'<tr><td>x<p>y'.repeat(1_000)}</table>`],
  ['images and line breaks', '<img src="a"><br>'.repeat(1_000)],
  ['many attributes', `<p ${'a="b" '.repeat(30_000)}>x</p>`],
])('an ordinary one is not: %s', (_, html) => {
  expect(excessOf(html)).toBeUndefined();
});
