import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../domain/import/columns.js';
import { readRow } from '../../../domain/import/row-reading.js';
import { parseAddressCell } from '../../../mail/address-cell.js';

const found = columnsOf(
  { headers: ['Mail', 'Vorname', 'Tags', 'City', 'Note'], rows: [], isAddress: () => false },
  { Mail: 'email', Note: null },
);
const columns = found.kind === 'columns' ? found.columns : [];
const decode = (cell: string) => cell;
const reader = { columns, decode, format: null, tags: ['all'], parseAddress: parseAddressCell } as const;

const fields = { rules: [{ name: 'city', type: 'number', choices: null }], strict: true } as const;

describe('a row', () => {
  test('converts an attribute to its defined type, or reports the invalid cell', () => {
    expect(readRow({ ...reader, fields }, ['a@a.test', '', '', '12'], 0)).toMatchObject({
      request: { attributes: { city: 12 } },
    });
    const error = { row: 2, column: 'City', reason: 'not_of_its_type', value: 'Rome' };
    expect(readRow({ ...reader, fields }, ['a@a.test', '', '', 'Rome'], 0)).toEqual({ kind: 'error', error });
  });

  test('contains its cells and omits empty ones', () => {
    expect(readRow(reader, [' Ann@A.test ', ' Ann\nMary ', 'a; b,a', '', 'ignored'], 7)).toEqual({
      kind: 'request',
      request: {
        row: 7,
        email: 'Ann@A.test',
        email_key: 'ann@a.test',
        first_name: 'Ann Mary',
        tags: ['all', 'a', 'b', 'a'],
      },
    });
    expect(readRow(reader, ['b@a.test'], 8)).toEqual({
      kind: 'request',
      request: { row: 8, email: 'b@a.test', email_key: 'b@a.test', tags: ['all'] },
    });
  });

  test('takes an address without the invisible characters around it', () => {
    expect(readRow(reader, ['\u200ba@a.test\ufeff'], 0)).toMatchObject({ request: { email: 'a@a.test' } });
  });

  test.each([
    ['Ann Mary Lee <a@a.test>', 'Ann', 'Mary Lee'],
    ['"Lee, Ann" <a@a.test>', 'Ann', 'Lee'],
    ['"Ann Lee, PhD" <a@a.test>', 'Ann', 'Lee, PhD'],
    ['"ceo@bank.test" <a@a.test>', undefined, undefined],
  ])('takes the name beside the address %s', (cell, first_name, last_name) => {
    const read = readRow(reader, [cell], 0);
    expect(read.kind === 'request' && [read.request.first_name, read.request.last_name]).toEqual([
      first_name,
      last_name,
    ]);
    expect(readRow(reader, [cell, 'Zoe'], 0)).toMatchObject({ request: { first_name: 'Zoe', email: 'a@a.test' } });
  });

  test('keeps an attribute as text', () => {
    expect(readRow(reader, ['a@a.test', '', '', '00123'], 0)).toMatchObject({
      request: { attributes: { city: '00123' } },
    });
  });

  test.each([
    [['', 'Ann'], { column: 'Mail', reason: 'missing_email', value: '' }],
    [['Ann <ann@a.test> (home)'], { column: 'Mail', reason: 'invalid_email', value: 'Ann <ann@a.test> (home)' }],
    [['a@a.test', 'x'.repeat(256)], { column: 'Vorname', reason: 'too_long', value: 'x'.repeat(254) }],
    [['a@a.test', '', `ok,${'t'.repeat(65)}`], { column: 'Tags', reason: 'too_long', value: 't'.repeat(65) }],
    [['a@a.test', '', 'a,'.repeat(20_000)], { column: 'Tags', reason: 'too_long', value: 'a,'.repeat(127) }],
    [[`"${','.repeat(1_000)}" a@a.test`], { column: 'Mail', reason: 'invalid_email', value: `"${','.repeat(253)}` }],
    [['a@a.test', '', '', 'c'.repeat(2_049)], { column: 'City', reason: 'too_long', value: 'c'.repeat(254) }],
  ])('that cannot be imported is numbered as in a spreadsheet: %#', (cells, error) => {
    expect(readRow(reader, cells, 0)).toEqual({ kind: 'error', error: { row: 2, ...error } });
  });
});
