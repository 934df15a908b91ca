import { expect, test } from 'vitest';
import { decodeFates, encodeFates, foldRows } from '../../../domain/import/row-fate.js';
import { NO_FIELDS } from '../../../domain/subscriber/subscriber.js';

test('rows of one person apply in order', () => {
  const rows = [{ first_name: 'A' }, { first_name: 'A' }, { first_name: 'B', tags: ['x'] }, {}];
  expect(foldRows(undefined, rows)).toEqual({
    fields: { ...NO_FIELDS, first_name: 'B', tags: ['x'], status: 'active' },
    fates: ['created', 'unchanged', 'updated', 'unchanged'],
    changed: true,
  });
});

test('a person whose fields are the same is unchanged', () => {
  const known = { ...NO_FIELDS, first_name: 'A', attributes: { city: 'Rome' }, status: 'active' as const };
  const folded = foldRows(known, [{ first_name: 'A' }, { attributes: { city: 'Rome' } }]);
  expect(folded).toEqual({ fields: known, fates: ['unchanged', 'unchanged'], changed: false });
});

test('a row that exceeds a limit changes nothing, the next one still does', () => {
  const tags = Array.from({ length: 51 }, (_, n) => `t${n}`);
  const attributes = { text: 'x'.repeat(5_000) };
  const { fates, fields } = foldRows(undefined, [{ tags }, { attributes }, { first_name: 'A' }]);
  expect(fates).toEqual(['too_many_tags', 'attributes_too_large', 'created']);
  expect(fields).toEqual({ ...NO_FIELDS, first_name: 'A', status: 'active' });
});

test('fates are encoded as letters and decoded', () => {
  const fates = ['created', 'updated', 'unchanged', 'attributes_too_large', 'too_many_tags'] as const;
  expect(decodeFates(encodeFates(fates))).toEqual(fates);
});
