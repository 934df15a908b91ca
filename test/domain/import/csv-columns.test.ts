import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../domain/import/columns.js';
import { delimiterOf, namedDelimiter } from '../../../domain/import/delimiter.js';

const fieldsOf = (headers: readonly string[], mapping = {}) => {
  const found = columnsOf({ headers, rows: [], isAddress: () => false }, mapping);
  return found.kind === 'columns' ? found.columns.map(({ field }) => field) : found.sentences;
};

describe('columns', () => {
  test('too many are known before one is looked at', () => {
    const headers = ['email', ...Array.from({ length: 1_000 }, (_, n) => `column ${n}`)];
    const skipped = Object.fromEntries(headers.slice(1, -1).map((header) => [header, null]));
    expect(fieldsOf(headers.slice(0, -1), skipped)).toHaveLength(1_000);
    expect(fieldsOf(headers, skipped)).toEqual(['The file has more than 1000 columns.']);
  });

  test.each([
    ['E-Mail', 'email'],
    ['EMAIL ADDRESS', 'email'],
    ['e-mail_adresse', 'email'],
    ['First Name', 'first_name'],
    ['Vorname', 'first_name'],
    ['Prénom', 'first_name'],
    ['Nachname', 'last_name'],
    ['Tags', 'tags'],
    ['Favourite Colour', 'attributes.favourite_colour'],
    ['attributes.city', 'attributes.city'],
    ['Straße & Nr.', 'attributes.straße_nr'],
    ['2nd choice', 'attributes._2nd_choice'],
    ['$where', 'attributes.where'],
    ['', null],
    ['???', null],
  ])('"%s" is %s', (header, field) => {
    expect(fieldsOf(['email', header].slice(field === 'email' ? 1 : 0)).at(-1)).toBe(field);
  });

  test('the first of two columns wins, the second is skipped', () => {
    expect(fieldsOf(['email', 'E-Mail', 'City', 'city'])).toEqual(['email', null, 'attributes.city', null]);
  });

  test.each([
    [['email', 'Name'], 'name'],
    [['email', 'Last name', 'Name'], 'name'],
    [['email', 'Vorname', 'Name'], 'last_name'],
    [['email', 'Vorname', 'Nachname', 'Name'], 'attributes.name'],
    [['email', 'jméno', 'příjmení'], 'last_name'],
  ])('the last of %j is %s', (headers, field) => {
    expect(fieldsOf(headers).at(-1)).toBe(field);
  });

  test('an explicit mapping precedes known headers', () => {
    const mapping = { Contact: 'email', Email: 'attributes.old_email', City: null };
    expect(fieldsOf(['email', 'contact', 'city'], mapping)).toEqual(['attributes.old_email', 'email', null]);
  });

  test.each([
    [['name'], {}, ['No column of the file holds email addresses; name one in the mapping.']],
    [['email'], { mail: 'email' }, ['The file has no column "mail".']],
    [
      ['email'],
      { email: 'state' },
      [expect.stringContaining('"state" is not email, first_name, last_name, name, tags, attributes, status,')],
    ],
    [['email'], { email: 'attributes.a.b' }, [expect.stringContaining('"attributes.a.b" is not')]],
    [['a', 'b'], { a: 'email', b: 'email' }, Array(2).fill('More than one column goes to "email".')],
    [
      ['email', ...Array.from({ length: 51 }, (_, n) => `a${n}`)],
      {},
      ['The file has 51 columns of attributes; 50 are allowed.'],
    ],
  ])('%j with %j is refused', (headers, mapping, sentences) => {
    expect(fieldsOf(headers, mapping)).toEqual(sentences);
  });
});

describe('the delimiter', () => {
  test.each([
    ['email,name\n', ','],
    ['email;name,first\n1,2,3,4\n', ','],
    ['email;name,first\n1;2,3\n4;5\n6;7\n', ';'],
    ['email,name;first\n1,2\n3,4;5\n', ','],
    ['email;"a,b,c";city\n', ';'],
    ['email\tname\r\n', '\t'],
    ['"email"\t"first, name"\n"a"\t"b"\n', '\t'],
    ['email|name', '|'],
    ['email', ','],
    ['\n\nemail;name\n', ';'],
  ])('of %j is %j', (text, delimiter) => {
    expect(delimiterOf(text)).toBe(delimiter);
  });

  test('can be set by the first line, as Excel does', () => {
    expect(namedDelimiter('sep=;\r\nemail;name')).toEqual({ delimiter: ';', length: 7 });
    expect(namedDelimiter('"sep=\t"\nemail')).toEqual({ delimiter: '\t', length: 8 });
    expect(namedDelimiter('separate;email\n')).toBeUndefined();
  });
});
