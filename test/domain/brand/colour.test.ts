import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contrast, inkOn, readableOn, rgbOf } from '../../../domain/brand/colour.js';

const aColour = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, '0')}`);

test.each([
  ['#000000', '#ffffff', 21],
  ['#fff', '#ffffff', 1],
  ['#767676', '#ffffff', 4.54],
])('%s on %s has a contrast of %d', (a, b, ratio) => {
  expect(contrast(a, b)).toBeCloseTo(ratio, 2);
});

test('any colour becomes readable on any background, and so does a button on it', () => {
  fc.assert(
    fc.property(aColour, aColour, (colour, background) => {
      const shown = readableOn(background, colour);
      expect(contrast(shown, background)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(inkOn(shown), shown)).toBeGreaterThanOrEqual(4.5);
    }),
  );
});

test('a readable colour is unchanged; an invalid one is replaced', () => {
  expect(readableOn('#ffffff', '#1f4fd8')).toBe('#1f4fd8');
  expect(readableOn('#ffffff', 'red; } body { display: none')).toBe('#000000');
  expect(rgbOf('#12345')).toBeUndefined();
});
