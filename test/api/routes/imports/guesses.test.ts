import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../../support/api/api.js';
import { aForm } from '../../../support/api/form.js';
import { aWorkbook } from '../../../support/files/zip.js';

let api: TestApi;
let list: number;
beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
afterAll(() => api.close());

const post = async (payload: string | Buffer, query: Record<string, string> = {}, type = 'text/csv', more = {}) =>
  api.call(`POST /api/v1/lists/${list}/imports?${new URLSearchParams(query)}`, {
    payload,
    headers: { 'content-type': type, ...more },
  });
const answerTo = async (...upload: Parameters<typeof post>) => (await post(...upload)).json().data;

describe('the answer says what was guessed', () => {
  test('of a file: encoding, delimiter, columns, statuses and three sample rows', async () => {
    const csv =
      'email;status;Tags;city\na@a.test;subscribed;"a,b";Rome\nb@a.test;cleaned;;\nbad;unsubscribed;;\nd@a.test;cleaned;;\n';
    expect(await answerTo(csv, { dry_run: 'true' })).toMatchObject({
      ...{ container: 'csv', format: null, encoding: 'utf-8', delimiter: ';' },
      guessed: ['encoding', 'delimiter', 'columns', 'statuses'],
      status_values: [
        { column: 'status', value: 'subscribed', status: 'active' },
        { column: 'status', value: 'cleaned', status: 'bounced' },
        { column: 'status', value: 'unsubscribed', status: 'unsubscribed' },
      ],
      sample: [
        { row: 2, email: 'a@a.test', status: 'active', tags: ['a', 'b'], attributes: { city: 'Rome' }, error: null },
        { row: 3, email: 'b@a.test', status: 'bounced', tags: [], attributes: {}, error: null },
        { row: 4, email: null, error: 'invalid_email' },
      ],
      statuses: { active: 0, unsubscribed: 0 },
    });
  });

  test('and what was not', async () => {
    const query = {
      encoding: 'cp1251',
      delimiter: 'semicolon',
      mapping: '{"a":"email","b":"status"}',
      statuses: '{"VIP":"active"}',
    };
    const data = await answerTo('a;b\nx@a.test;VIP\n', query);
    expect(data).toMatchObject({ encoding: 'windows-1251', delimiter: ';', guessed: [] });
    expect(data.status_values).toEqual([{ column: 'b', value: 'VIP', status: 'active' }]);
  });
});

describe('the encoding', () => {
  const names: readonly (readonly [string, string, string])[] = [
    ['windows-1251', 'c8e2e0ed20cfe5f2f0eee2', 'Иван Петров'],
    ['koi8-r', 'e9d7c1ce20f0c5d4d2cfd7', 'Иван Петров'],
    ['windows-1252', '4af67267204dfc6c6c6572', 'Jörg Müller'],
    ['windows-1253', 'c3e9fef1e3eff220c5ebddede7', 'Γιώργος Ελένη'],
    ['euc-kr', 'b1e8b9cebcf620c0ccbfb5c8f1', '김민수 이영희'],
    ['gb18030', 'd5c5ceb020c1f5d1f3', '张伟 刘洋'],
  ];
  test.each(names)('%s is guessed, and shown with a sample', async (encoding, hex, name) => {
    const file = Buffer.concat([
      Buffer.from('email,first_name\na@a.test,'),
      Buffer.from(hex, 'hex'),
      Buffer.from('\n'),
    ]);
    expect(await answerTo(file)).toMatchObject({
      encoding,
      guessed: expect.arrayContaining(['encoding']),
      sample: [{ first_name: name }],
    });
  });

  test('can be given, as a query parameter or as a field before or after the file', async () => {
    const file = Buffer.from('email,first_name\na@a.test,\xa3ukasz\n', 'latin1');
    expect(await answerTo(file, { encoding: 'windows-1250' })).toMatchObject({
      sample: [{ first_name: 'Łukasz' }],
      encoding: 'windows-1250',
    });
    const value = 'email,first_name\na@a.test,Zo\u00c3\u00ab\n';
    for (const parts of [
      [
        { name: 'encoding', value: 'utf-8' },
        { name: 'file', filename: 'a.csv', value },
      ],
      [
        { name: 'file', filename: 'a.csv', value },
        { name: 'encoding', value: 'utf-8' },
      ],
    ]) {
      const answer = await api.call(`POST /api/v1/lists/${list}/imports`, aForm(parts));
      expect(answer.json().data).toMatchObject({ encoding: 'utf-8', guessed: ['delimiter', 'columns'] });
    }
  });

  test.each([
    [{ encoding: 'utf-7' }, 'encoding'],
    [{ delimiter: 'x' }, 'delimiter'],
    [{ statuses: '{"a":"gone"}' }, 'statuses'],
    [{ statuses: '[]' }, 'statuses'],
  ])('%j is refused by name', async (query, field) => {
    const { error } = (await post('email\na@a.test\n', query as never)).json();
    expect(Object.keys(error.errors)).toEqual([field]);
  });

  test('of Japanese mail is converted where it is named', async () => {
    const file = Buffer.concat([Buffer.from('email,first_name\na@a.test,'), Buffer.from('1b2442467c1b2842', 'hex')]);
    expect(await answerTo(file, { encoding: 'iso-2022-jp' })).toMatchObject({
      encoding: 'iso-2022-jp',
      sample: [{ first_name: '日' }],
    });
  });
});

test('a file without a header is read by its first row', async () => {
  const data = await answerTo('a@a.test,Ann\nb@a.test,Bob\n', { mapping: '{"Column 2":"first_name"}' });
  expect(data.columns).toEqual([
    { header: 'Column 1', field: 'email' },
    { header: 'Column 2', field: 'first_name' },
  ]);
  expect(data.sample).toMatchObject([{ row: 1, email: 'a@a.test', first_name: 'Ann' }, { row: 2 }]);
});

describe('rows above the header', () => {
  const text = (at: string, value: string) => `<c r="${at}" t="str"><v>${value}</v></c>`;
  const workbook = aWorkbook(
    `<row r="1">${text('A1', 'Contacts of May')}</row><row r="4">${text('A4', 'Prénom')}${text('B4', 'E-Mail')}</row><row r="5">${text('A5', 'Ann')}${text('B5', 'a@a.test')}</row>`,
  );
  const csv = 'Contacts of May\nExported;2026-05-15\n\nPrénom;E-Mail\nAnn;a@a.test\n';
  const columns = [
    { header: 'Prénom', field: 'first_name' },
    { header: 'E-Mail', field: 'email' },
  ];

  test.each([
    ['a CSV file', csv],
    ['a workbook', workbook],
  ])('of %s are left out, and the answer says so', async (_, file) => {
    const data = await answerTo(file, { dry_run: 'true' });
    expect(data).toMatchObject({ columns, header_row: 4, sample: [{ row: 5, email: 'a@a.test', first_name: 'Ann' }] });
    expect(data.guessed).toContain('header_row');
  });

  test('can be said, and a file may have none', async () => {
    const data = await answerTo(csv, { header_row: '4' });
    expect([data.header_row, data.guessed.includes('header_row')]).toEqual([4, false]);
    const none = await answerTo(csv, { header_row: '0', mapping: '{"Column 2":"email"}' });
    expect(none).toMatchObject({ header_row: null, sample: [{ row: 5, email: 'a@a.test' }] });
  });

  test.each(['-1', '101', 'x', '40'])('cannot be %s', async (header_row) => {
    expect(Object.keys((await post(csv, { header_row })).json().error.errors)).toEqual(['header_row']);
  });

  test('a mapped header is found without its case and accents, and is no guess', async () => {
    const query = { mapping: '{"prenom":"first_name","e-mail":"email"}', encoding: 'utf-8', delimiter: ';' };
    expect((await answerTo('Prénom;E-Mail\nAnn;a@a.test\n', query)).guessed).toEqual([]);
  });
});

test('names beside addresses are read, and the answer says so', async () => {
  const data = await answerTo('E-Mail,City\n"""Lovelace, Ada"" <a@a.test>",Rome\nmailto:b@a.test,Bern\n');
  expect(data.guessed).toContain('addresses');
  expect(data.sample).toMatchObject([
    { email: 'a@a.test', first_name: 'Ada', last_name: 'Lovelace' },
    { email: 'b@a.test', first_name: null },
  ]);
  expect((await answerTo('E-Mail\na@a.test\n')).guessed).not.toContain('addresses');
});

test('a workbook is read whatever its type is called', async () => {
  const rows = '<row><c t="str"><v>email</v></c></row><row><c t="str"><v>a@a.test</v></c></row>';
  for (const type of [
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'application/octet-stream',
    'text/csv',
  ]) {
    expect(await answerTo(aWorkbook(rows), {}, type)).toMatchObject({
      container: 'xlsx',
      sample: [{ email: 'a@a.test' }],
    });
  }
});

describe('two files under one Idempotency-Key', () => {
  test('of the same length are told apart', async () => {
    const headers = { 'idempotency-key': 'one-key' };
    const first = await post('email\na@a.test\n', {}, 'text/csv', headers);
    const other = await post('email\nb@a.test\n', {}, 'text/csv', headers);
    expect([first.statusCode, other.statusCode, other.json().error.code]).toEqual([202, 422, 'idempotency_key_reused']);
    const again = await post('email\na@a.test\n', {}, 'text/csv', headers);
    expect([again.json(), again.headers['idempotent-replayed']]).toEqual([first.json(), 'true']);
    expect(await api.store.db.collection('imports').countDocuments({ state: 'uploading' })).toBe(0);
  });

  test('in a form with another boundary are the same request', async () => {
    const form = aForm([{ name: 'file', filename: 'a.csv', value: 'email\na@a.test\n' }]);
    const send = (boundary: string) =>
      api.call(`POST /api/v1/lists/${list}/imports`, {
        payload: form.payload.replaceAll('boundary-of-the-form', boundary),
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, 'idempotency-key': 'form-key' },
      });
    const first = await send('one');
    expect((await send('another-boundary')).json()).toEqual(first.json());
  });

  test('of suppressions are told apart as well', async () => {
    const send = (payload: string) =>
      api.call('POST /api/v1/suppressions/import', {
        payload,
        headers: { 'content-type': 'text/csv', 'idempotency-key': 'list-key' },
      });
    const first = await send('email\na@b.test\n');
    expect((await send('email\nc@b.test\n')).json().error.code).toBe('idempotency_key_reused');
    expect((await send('email\na@b.test\n')).json()).toEqual(first.json());
  });
});
