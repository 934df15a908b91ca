import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ATTRIBUTE_NAME,
  merged,
  NO_FIELDS,
  type SubscriberFields,
  sameFields,
  tooLarge,
} from '../../../domain/subscriber/subscriber.js';

const name = fc.option(fc.string({ maxLength: 20 }), { nil: undefined });
const scalar = fc.oneof(fc.string({ maxLength: 10 }), fc.integer(), fc.boolean());
const changes: fc.Arbitrary<SubscriberFields> = fc.record({
  first_name: fc.oneof(name, fc.constant(null)),
  last_name: fc.oneof(name, fc.constant(null)),
  attributes: fc.option(fc.dictionary(fc.string({ maxLength: 5 }), fc.option(scalar)), { nil: undefined }),
  tags: fc.option(fc.array(fc.string({ maxLength: 5 })), { nil: undefined }),
});

test('a repeated change has no further effect', () => {
  fc.assert(
    fc.property(changes, changes, (before, change) => {
      const once = merged(merged(NO_FIELDS, before), change);
      expect(sameFields(merged(once, change), once)).toBe(true);
    }),
  );
});

test('a change without fields changes nothing', () => {
  fc.assert(
    fc.property(changes, (change) => {
      const person = merged(NO_FIELDS, change);
      expect(sameFields(merged(person, {}), person)).toBe(true);
    }),
  );
});

test('null removes an attribute, tags are added once or replaced', () => {
  const person = merged(NO_FIELDS, { attributes: { plan: 'free', seats: 2 }, tags: ['a'] });
  expect(merged(person, { attributes: { plan: null }, tags: ['b', 'a'] })).toMatchObject({
    attributes: { seats: 2 },
    tags: ['a', 'b'],
  });
  expect(merged(person, { tags: ['b'] }, 'replace').tags).toEqual(['b']);
});

test.each([
  [{ attributes: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`a${at}`, 1])) }, 'attributes'],
  [{ attributes: { text: 'é'.repeat(2_048) } }, 'attributes'],
  [{ tags: Array.from({ length: 51 }, (_, at) => `t${at}`) }, 'tags'],
  [{ attributes: { text: 'x'.repeat(4_000) } }, undefined],
])('limits hold in bytes and numbers (%#)', (change, field) => {
  expect(tooLarge(merged(NO_FIELDS, change))).toBe(field);
});

test.each([
  ['plan', true],
  ['Größe', true],
  ['first purchase', true],
  ['$set', false],
  ['a.b', false],
  ['', false],
  ['1st', false],
])('the attribute name %j: %s', (attribute, allowed) => {
  expect(new RegExp(ATTRIBUTE_NAME, 'u').test(attribute)).toBe(allowed);
});
