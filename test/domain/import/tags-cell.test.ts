import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tagsCell, tagsIn } from '../../../domain/import/tags-cell.js';

test.each([
  ['VIP, News', ['VIP', 'News']],
  ['a; b|c', ['a', 'b', 'c']],
  ['"VIP","News letter"', ['VIP', 'News letter']],
  ['"a, b"; c', ['a, b', 'c']],
  ['"the ""best"""', ['the "best"']],
  ['["VIP","News letter"]', ['VIP', 'News letter']],
  ['5" disk, b', ['5" disk', 'b']],
  ['"open, b', ['"open', 'b']],
  ['[open, b', ['[open', 'b']],
  ['a\nb', ['a', 'b']],
  [' , ;', []],
  ['', []],
])('the cell %j has the tags %j', (cell, tags) => {
  expect(tagsIn(cell)).toEqual(tags);
});

test('tags of any characters are read as they were written', () => {
  const tag = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('"', ',', ';', '|', '[', ']', ' ', 'x', "'"), minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(tag), (tags) => {
      expect(tagsIn(tagsCell(tags))).toEqual(tags);
    }),
  );
});
