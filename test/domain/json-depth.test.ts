import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, MOST_LEVELS } from '../../domain/json.js';

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

test.each([
  ['an attachment', `{"data":"${'x'.repeat(20_000_000)}"}`],
  ['a string of escapes', `{"html":"${'\\"'.repeat(2_000_000)}"}`],
  ['a string of backslashes', `{"html":"${'\\\\'.repeat(2_000_000)}"}`],
  ['nothing but brackets', '['.repeat(5_000_000)],
  ['a string without an end', `{"html":"${'\\"'.repeat(2_000_000)}`],
])('%s is read in bounded time', (_what, json) => {
  const begun = performance.now();
  isTooDeep(json);
  expect(performance.now() - begun).toBeLessThan(2_000);
});
