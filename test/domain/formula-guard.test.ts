import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guarded, guardedText, unguarded, unguardedText } from '../../domain/formula-guard.js';

test.each(['=B', '+1', '-1', '@x', ' =B', '\t=B', '\u00a0=B', '\u200b=B', "'=B", "' =B", '＝B', '\tx', '\rx'])(
  'the cell %j is guarded',
  (cell) => {
    expect(guarded(cell)).toBe(`'${cell}`);
  },
);

test.each(['B', "O'Hara", "'s-Gravenhage", 'a=b', '5-3', ' B', ''])('the cell %j stays as it is', (cell) => {
  expect(guarded(cell)).toBe(cell);
});

test('an import takes off every guard, and nothing else', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', ' ', '\t', '\n', 'x', '\u200b', '＝') }),
  );
  fc.assert(fc.property(cell, (text) => unguarded(guarded(text)) === text));
  fc.assert(fc.property(fc.option(cell), (text) => unguardedText(guardedText(text)) === text));
});
