import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { uploadedAddresses } from '../../../../api/routes/suppressions/files.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api?.close());
beforeEach(async () => {
  await api.store.db.collection('suppressions').deleteMany({});
});

const suppress = (payload: Record<string, unknown>) => api.call('POST /api/v1/suppressions', { payload });
const listed = async (query = '') => (await api.call(`GET /api/v1/suppressions${query}`)).json();
const emails = async (query = '') => (await listed(query)).data.map(({ email }: { email: string }) => email);

test('an address is suppressed once, in any spelling; the first reason stays', async () => {
  const first = await suppress({ email: ' Ada@Example.com', evidence: 'asked by phone' });
  expect([first.statusCode, first.json().data]).toMatchObject([201, { email: 'ada@example.com', reason: 'manual' }]);
  const again = await suppress({ email: 'ada@EXAMPLE.com', reason: 'complaint' });
  expect([again.statusCode, again.json().data]).toMatchObject([200, { reason: 'manual', evidence: 'asked by phone' }]);
  expect((await suppress({ email: 'no-address' })).statusCode).toBe(422);
  expect((await suppress({ email: 'a@b.example', reason: 'erased' })).statusCode).toBe(422);
  expect(await emails()).toEqual(['ada@example.com']);
});

test('a suppressed person is shown as such on every list, and gets no message', async () => {
  const list = await aList(api);
  const { id } = await aSubscriber(api, list, { email: 'barred@example.com' });
  await suppress({ email: 'barred@example.com' });
  expect((await api.call(`GET /api/v1/subscribers/${id}`)).json().data).toMatchObject({
    status: 'active',
    suppressed: true,
  });
  const mail = { payload: { to: 'Barred@example.com', subject: 'x', text: 'x' } };
  const answer = await api.call('POST /api/v1/messages', mail);
  expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'recipient_suppressed']);
  expect((await api.call('DELETE /api/v1/suppressions/barred@example.com')).statusCode).toBe(204);
  expect((await api.call('DELETE /api/v1/suppressions/barred@example.com')).statusCode).toBe(404);
  expect((await api.call('POST /api/v1/messages', mail)).statusCode).toBe(202);
});

test('pages have no gaps, even while addresses are added', async () => {
  const all = Array.from({ length: 7 }, (_, i) => `reader${i}@example.com`);
  await api.call('POST /api/v1/suppressions/batch', { payload: { emails: all } });
  const seen: string[] = [];
  let next: string | null = null;
  do {
    const page = await listed(`?limit=3${next === null ? '' : `&after=${next}`}`);
    seen.push(...page.data.map(({ email }: { email: string }) => email));
    next = page.meta.next;
    await suppress({ email: `late${seen.length}@example.com` });
  } while (next !== null);
  expect(seen.sort()).toEqual(all);
  expect(await emails('?email=READER3@example.com')).toEqual(['reader3@example.com']);
  expect(await emails('?reason=bounce')).toEqual([]);
});

describe('many addresses', () => {
  test('a batch counts new, known and invalid addresses', async () => {
    await suppress({ email: 'known@example.com' });
    const payload = { emails: ['known@example.com', 'new@example.com', 'NEW@example.com', 'bad@'], reason: 'bounce' };
    const answer = await api.call('POST /api/v1/suppressions/batch', { payload });
    expect(answer.json().data).toEqual({ added: 1, known: 2, invalid: 1, invalid_examples: ['bad@'] });
    expect((await listed('?email=new@example.com')).data).toMatchObject([{ reason: 'bounce' }]);
  });

  const sent = (payload: string, type = 'text/csv') =>
    api.call('POST /api/v1/suppressions/import?reason=complaint', { payload, headers: { 'content-type': type } });

  test.each([
    ['with a header', '\uFEFFname;E-Mail\r\nAda;ada@example.com\r\n"Bo;b";bob@example.com\r\n;\r\n'],
    ['one column without a header', 'ada@example.com\nbob@example.com\n\n'],
  ])('a CSV file %s', async (_, file) => {
    expect((await sent(file)).json().data).toEqual({ added: 2, known: 0, invalid: 0, invalid_examples: [] });
    expect((await listed()).data.map(({ reason }: { reason: string }) => reason)).toEqual(['complaint', 'complaint']);
  });

  test('a file without addresses, or one that is too long, broken or of another type, changes nothing', async () => {
    expect((await sent('a,b\n1,2\n')).json().error.errors).toEqual({ file: ['The file must have a column email.'] });
    expect((await sent('email\n"ada@example.com')).statusCode).toBe(422);
    expect((await sent(`email\nbob@example.com\n"${'x'.repeat(70_000)}`)).statusCode).toBe(422);
    expect((await sent(`ada@example.com\n${' '.repeat(64 * 1024 * 1024)}`)).statusCode).toBe(413);
    expect((await sent('email\n', 'text/plain')).statusCode).toBe(415);
    expect(await emails()).toEqual([]);
  });

  test('a file without a length is refused at the limit, before its first address is read', async () => {
    const blocks = Array.from({ length: 3 }, () => Buffer.from('ada@example.com\n'));
    const taken = async (limit: number) => {
      const found: string[] = [];
      for await (const batch of uploadedAddresses(Readable.from(blocks), limit, async () => true)) found.push(...batch);
      return found;
    };
    expect(await taken(48)).toHaveLength(3);
    await expect(taken(47)).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  test('an invalid row is counted and shown, and all others are suppressed', async () => {
    const bad = (i: number) => (i % 1_000 === 7 ? `no-address${i}` : `reader${i}@example.com`);
    const file = Array.from({ length: 7_000 }, (_, i) => bad(i)).join('\n');
    expect((await sent(`email\n${file}`)).json().data).toEqual({
      added: 6_993,
      known: 0,
      invalid: 7,
      invalid_examples: ['no-address7', 'no-address1007', 'no-address2007', 'no-address3007', 'no-address4007'],
    });
  });

  test('a large file is stored in batches, and the export is a stream', async () => {
    const all = Array.from({ length: 12_000 }, (_, i) => `reader${i}@example.com`);
    expect((await sent(`email\n${all.join('\n')}`)).json().data).toMatchObject({ added: 12_000, invalid: 0 });
    expect((await sent(`email\n${all.join('\n')}`)).json().data).toMatchObject({ added: 0, known: 12_000 });
    const answer = await api.call('GET /api/v1/suppressions/export');
    expect(answer.headers).not.toHaveProperty('content-length');
    const lines = answer.body.trim().split('\n');
    expect(new Set(lines.slice(1).map((line) => line.split(',')[0]))).toEqual(new Set(all));
  });

  test('an export has every address, and no formula that a spreadsheet would run', async () => {
    await suppress({ email: 'ada@example.com', evidence: '=1+1' });
    await api.deps.suppressions.add(api.account, 'gone@example.com', 'erased', null);
    const answer = await api.call('GET /api/v1/suppressions/export');
    expect(answer.headers['content-type']).toContain('text/csv');
    const [header, ...rows] = answer.body.replace('\uFEFF', '').trim().split('\n');
    expect(header).toBe('email,reason,evidence,created_at');
    expect(rows.map((row) => row.split(',').slice(0, 3).join()).sort()).toEqual([
      ',erased,',
      "ada@example.com,manual,'=1+1",
    ]);
  });
});

test('another account reads, adds and releases only its own addresses', async () => {
  const { key } = await aStranger(api);
  await suppress({ email: 'mine@example.com' });
  expect((await api.call('GET /api/v1/suppressions', { key })).json().data).toEqual([]);
  expect((await api.call('DELETE /api/v1/suppressions/mine@example.com', { key })).statusCode).toBe(404);
  expect((await api.call('GET /api/v1/suppressions/export', { key })).body).not.toContain('mine');
  expect(await emails()).toEqual(['mine@example.com']);
});

test('a deletion without a list unsubscribes the address from every list', async () => {
  const lists = [await aList(api), await aList(api)];
  const ids: number[] = [];
  for (const list of lists) ids.push((await aSubscriber(api, list, { email: 'leaver@example.com' })).id);
  expect((await api.call('DELETE /api/v1/subscribers/leaver@example.com')).statusCode).toBe(204);
  for (const id of ids) {
    expect((await api.call(`GET /api/v1/subscribers/${id}`)).json().data).toMatchObject({ status: 'unsubscribed' });
  }
});
