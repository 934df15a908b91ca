import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAttributes, FIELD_TYPES, type FieldRule } from '../../../domain/subscriber/custom-field.js';

const rules: readonly FieldRule[] = [
  { name: 'city', type: 'text', choices: null },
  { name: 'age', type: 'number', choices: null },
  { name: 'vip', type: 'boolean', choices: null },
  { name: 'born', type: 'date', choices: null },
  { name: 'plan', type: 'choice', choices: ['Free', 'Pro'] },
];
const free = { rules, strict: false };

describe('a defined attribute', () => {
  test.each([
    ['city', 10115, '10115'],
    ['city', ' Rome ', ' Rome '],
    ['age', '41', 41],
    ['age', -1.5, -1.5],
    ['vip', 'Yes', true],
    ['vip', 0, false],
    ['born', '2026-02-28', '2026-02-28'],
    ['born', '2026-02-28T10:00:00Z', '2026-02-28'],
    ['plan', 'pro', 'Pro'],
    ['age', null, null],
  ])('%s %j is stored as %j', (name, given, kept) => {
    expect(checkAttributes({ [name]: given }, free)).toEqual({ kind: 'fits', attributes: { [name]: kept } });
  });

  test.each([
    ['age', 'forty', 'The attributes.age must be a number.'],
    ['age', '', 'The attributes.age must be a number.'],
    ['age', `${'1'.repeat(300_000)}x`, 'The attributes.age must be a number.'],
    ['age', '1e999', 'The attributes.age must be a number.'],
    ['vip', 'perhaps', 'The attributes.vip must be true or false.'],
    ['born', '2026-02-31', 'The attributes.born must be a date such as 2026-05-22.'],
    ['born', '22.05.2026', 'The attributes.born must be a date such as 2026-05-22.'],
    ['plan', 'gold', 'The attributes.plan must be one of Free, Pro.'],
  ])('%s %j is refused', (name, given, sentence) => {
    const refused = checkAttributes({ [name]: given }, free);
    expect(refused).toEqual({ kind: 'faults', faults: [{ name, reason: 'not_of_its_type', sentence }] });
  });

  test('is stored unchanged when its stored value is given again', () => {
    const choices = ['a', 'b'];
    const aRule = fc.constantFrom(...FIELD_TYPES).map((type) => ({ name: 'x', type, choices }));
    const aValue = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constantFrom('A', '2026-01-02', '0', 'yes'));
    fc.assert(
      fc.property(aRule, aValue, (rule, value) => {
        const once = checkAttributes({ x: value }, { rules: [rule], strict: true });
        if (once.kind === 'fits')
          expect(checkAttributes(once.attributes, { rules: [rule], strict: true })).toEqual(once);
      }),
    );
  });
});

test('an undefined attribute is stored as it is, unless the account is strict', () => {
  expect(checkAttributes({ shoe: '43' }, free)).toEqual({ kind: 'fits', attributes: { shoe: '43' } });
  const sentence = 'The attributes.shoe field is not defined.';
  const refused = { kind: 'faults', faults: [{ name: 'shoe', reason: 'unknown_field', sentence }] };
  expect(checkAttributes({ shoe: '43' }, { rules, strict: true })).toEqual(refused);
});
