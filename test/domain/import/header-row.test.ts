import { describe, expect, test } from 'vitest';
import { tableStart } from '../../../domain/import/header-row.js';

const isAddress = (cell: string) => /^\S+@\S+$/.test(cell);
/** Rows as text, cells between bars. */
const startOf = (rows: readonly string[], options: { readonly mapping?: object; readonly headerRow?: number } = {}) => {
  const mapping = (options.mapping ?? {}) as Readonly<Record<string, string>>;
  const table = { rows: rows.map((row) => row.split('|')), mapping, headerRow: options.headerRow, isAddress };
  const { at, isHeader, isGuessed } = tableStart(table);
  return [at, isHeader ? 'header' : 'person', isGuessed ? 'guessed' : 'plain'];
};

describe('the table of a file begins', () => {
  test.each<[string, string[], readonly [number, string, string]]>([
    ['in its first row', ['E-Mail|Name', 'a@a.test|Ann'], [0, 'header', 'plain']],
    ['in its first row, though its header is not known', ['Kontakt|Ort', 'a@a.test|Rom'], [0, 'header', 'plain']],
    ['below blank rows', ['', '|', 'email', 'a@a.test'], [2, 'header', 'plain']],
    [
      'below a title and a date',
      ['Contacts', '2026-05-15', '', 'Email|City', 'a@a.test|Rome'],
      [3, 'header', 'guessed'],
    ],
    [
      'below a note with an address',
      ['By|ada@shop.test', '', 'Name|Email|City', 'Ann|a@a.test|Rome'],
      [2, 'header', 'guessed'],
    ],
    ['below a filter of several cells', ['From|May|To|June', 'Email', 'a@a.test'], [1, 'header', 'guessed']],
    [
      'in a header that is not known, below a title',
      ['Kunden', '', 'Kontakt|Ort', 'a@a.test|Rom'],
      [2, 'header', 'guessed'],
    ],
    [
      'in the fullest row above the addresses',
      ['Stand|2026', 'Kontakt|Ort|Land', 'a@a.test|Rom|IT'],
      [1, 'header', 'guessed'],
    ],
    [
      'in its first row, though the first people have no address',
      ['Kontakt|Ort', '|Rom', 'a@a.test|Bern'],
      [0, 'header', 'plain'],
    ],
    [
      'in its first row, though a person prefers “mail”',
      ['Kontakt|Weg', 'a@a.test|Post', '|Mail'],
      [0, 'header', 'plain'],
    ],
    ['with its first person', ['a@a.test|Ann', 'b@a.test|Bob'], [0, 'person', 'guessed']],
    ['with its first person, below a title', ['My list', '', 'a@a.test|Ann', 'b@a.test|Bob'], [2, 'person', 'guessed']],
    ['in the first row of a file of one column', ['Kontakt', 'a@a.test'], [0, 'header', 'plain']],
    ['in its first row if it has no address', ['one|two', 'three|four'], [0, 'header', 'plain']],
  ])('%s', (_, rows, start) => {
    expect(startOf(rows)).toEqual(start);
  });

  test('where the mapped headers are', () => {
    const rows = ['Report|for|Ada', 'Kontakt|Ort', 'x|Rom'];
    expect(startOf(rows, { mapping: { ort: 'attributes.city', KONTAKT: 'email' } })).toEqual([1, 'header', 'guessed']);
  });

  test.each<[number, readonly [number, string, string]]>([
    [2, [1, 'header', 'plain']],
    [0, [3, 'person', 'plain']],
  ])('in row %i if the request says so', (headerRow, start) => {
    expect(startOf(['Email', 'Email|Name', '', 'a@a.test|Ann'], { headerRow })).toEqual(start);
  });
});
