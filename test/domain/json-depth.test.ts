import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, MOST_LEVELS } from '../../domain/json.js';
import { growth, ONE_PASS } from '../support/growth.js';

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each([lists, objects])('the last allowed level is accepted, the next one is not', (nested) => {
  expect(isTooDeep(nested(MOST_LEVELS))).toBe(false);
  expect(isTooDeep(nested(MOST_LEVELS + 1))).toBe(true);
});

test('objects and lists beside each other add no level', () => {
  expect(isTooDeep(`[${Array.from({ length: 10_000 }, () => '{"a":[]}').join()}]`)).toBe(false);
});

test('brackets within strings are text, also next to escapes', () => {
  const text = fc.string({ unit: fc.constantFrom('[', '{', ']', '}', '"', '\\', 'a') });
  fc.assert(
    fc.property(text, text, (key, value) => {
      const json = JSON.stringify({ [`${key}${'['.repeat(MOST_LEVELS)}`]: [value, '{'.repeat(MOST_LEVELS)] });
      expect(isTooDeep(json)).toBe(false);
      expect(isTooDeep(`[${json},${lists(MOST_LEVELS)}]`)).toBe(true);
    }),
  );
});

test.each<[string, (n: number) => string]>([
  ['an attachment', (n) => `{"data":"${'x'.repeat(5_000_000 * n)}"}`],
  ['a string of escapes', (n) => `{"html":"${'\\"'.repeat(500_000 * n)}"}`],
  ['a string of backslashes', (n) => `{"html":"${'\\\\'.repeat(500_000 * n)}"}`],
  ['nothing but brackets', (n) => '['.repeat(1_250_000 * n)],
  ['a string without an end', (n) => `{"html":"${'\\"'.repeat(500_000 * n)}`],
])('%s is read in one pass', async (_what, json) => {
  const [small, large] = [json(1), json(4)];
  expect(await growth(isTooDeep, small, large)).toBeLessThan(ONE_PASS);
});
