import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importRows } from '../../../../store/imports/rows.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
afterAll(() => api.close());

const batch = async (subscribers: readonly unknown[], list_id = list) =>
  (await api.call('POST /api/v1/subscribers/batch', { payload: { list_id, subscribers } })).json();

test('the counts of a thousand rows of every kind add up as documented', async () => {
  for (const email of ['old@example.com', 'gone@example.com', 'hard@example.com']) {
    await aSubscriber(api, list, { email });
  }
  await api.call('DELETE /api/v1/subscribers/gone@example.com');
  await api.deps.subscribers.suppress(api.account, 'hard@example.com', 'bounced', { reply: '550 no such user' });
  const fresh = Array.from({ length: 990 }, (_, index) => ({ email: `new${index}@example.com`, tags: ['imported'] }));
  const known = ['old', 'gone', 'hard'].map((name) => ({ email: `${name}@example.com`, first_name: 'X' }));
  const bad = ['bad@', 'not-an-email', '', 7, null, { a: 1 }].map((email) => ({ email }));
  const answer = await batch([...fresh, ...known, ...bad, { email: 'NEW1@example.com' }]);
  expect(answer).toEqual({
    data: {
      list_id: list,
      created: 990,
      updated: 4,
      reactivated: 1,
      invalid: 6,
      skipped_over_cap: 0,
      invalid_examples: ['bad@', 'not-an-email', '', '7', 'null'],
    },
    meta: { received: 1000, processed: 994 },
  });
  const shown = (await api.call(`GET /api/v1/lists/${list}`)).json().data;
  expect(shown).toMatchObject({ total_subscribers: 993, active_subscribers: 992 });
});

test('a batch writes no event per row', async () => {
  const own = await aList(api);
  await batch([{ email: 'quiet@example.com' }], own);
  const events = await api.store.db.collection('events').countDocuments({ 'data.list_id': own });
  expect(events).toBe(0);
});

test('an attribute with the name of a built-in property of objects is set and removed like any other', async () => {
  const batch = (attributes: object) =>
    api.call('POST /api/v1/subscribers/batch', {
      payload: { list_id: list, subscribers: [{ email: 'proto@example.com', attributes }] },
    });
  const attributes = async () => (await api.call('GET /api/v1/subscribers?search=proto@')).json().data[0].attributes;
  await batch({ toString: 'x', plain: 1 });
  expect(Object.entries(await attributes())).toEqual([
    ['toString', 'x'],
    ['plain', 1],
  ]);
  await batch({ toString: null });
  expect(Object.entries(await attributes())).toEqual([['plain', 1]]);
});

test('two concurrent batches of the same new subscribers create each one once', async () => {
  const own = await aList(api);
  const people = Array.from({ length: 300 }, (_, index) => ({ email: `twin${index}@example.com` }));
  const [a, b] = await Promise.all([batch(people, own), batch([...people].reverse(), own)]);
  expect(a.data.created + b.data.created).toBe(300);
  expect(a.data.updated + b.data.updated).toBe(300);
  expect((await api.call(`GET /api/v1/lists/${own}`)).json().data.total_subscribers).toBe(300);
});

test('each row of a batch fails alone', async () => {
  const own = await aList(api);
  const rows = [
    { email: 'a@example.com' },
    { email: 'b@example.com', first_name: 'Bob\nEve' },
    { email: 'c@example.com', attributes: { note: 'x'.repeat(2_049) } },
    { email: 'd@example.com', attributes: { nested: { a: 1 } } },
    { email: 'e@example.com', tags: 'x' },
    { email: 'f@example.com', tags: ['t'.repeat(65)] },
    { email: 'g@example.com', nick: 'G' },
    { email: 5 },
    'h@example.com',
    null,
    [],
    { email: 'i@example.com', attributes: { ok: true } },
  ];
  const { data, meta } = await batch(rows, own);
  expect(data).toMatchObject({ created: 2, invalid: 10 });
  expect(data.invalid_examples).toEqual([
    'b@example.com',
    'c@example.com',
    'd@example.com',
    'e@example.com',
    'f@example.com',
  ]);
  expect(meta).toEqual({ received: 12, processed: 2 });
});

test.each([0, 1001])('%d rows are refused', async (rows) => {
  const { error } = await batch(Array.from({ length: rows }, (_, index) => ({ email: `r${index}@example.com` })));
  expect(Object.keys(error.errors)).toEqual(['subscribers']);
});

test('an export has every row and escapes formulas', async () => {
  const own = await aList(api);
  const people = Array.from({ length: 2_500 }, (_, index) => ({ email: `p${index}@example.com` }));
  for (const slice of [people.slice(0, 1000), people.slice(1000, 2000), people.slice(2000)]) await batch(slice, own);
  await batch(
    [{ email: 'formula@example.com', first_name: '=HYPERLINK("x")', last_name: '+1', tags: ['@a', 'b'] }],
    own,
  );
  const answer = await api.call(`GET /api/v1/subscribers/export?list_id=${own}`);
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(answer.headers['content-disposition']).toContain(`subscribers-${own}.csv`);
  const rows: Record<string, string>[] = parse(answer.body, { columns: true, bom: true });
  expect(rows).toHaveLength(2_501);
  expect(rows.at(-1)).toMatchObject({
    email: 'formula@example.com',
    first_name: `'=HYPERLINK("x")`,
    last_name: "'+1",
    tags: "'@a, b",
    status: 'active',
    suppressed: 'false',
  });
});

test('an import changes subscribers and reactivates none', async () => {
  const own = await aList(api);
  await aSubscriber(api, own, { email: 'left@example.com' });
  await aSubscriber(api, own, { email: 'same@example.com', first_name: 'S' });
  await api.call('DELETE /api/v1/subscribers/left@example.com');
  const requests = ['left', 'same', 'fresh'].map((name, row) => {
    const email = `${name}@example.com`;
    return { row, email, email_key: email, first_name: name === 'same' ? 'S' : 'I' };
  });
  const fates = async (id: number) => {
    const chunk = { account: api.account, list: own, import: id, from: 0, dryRun: false, requests };
    return [...(await importRows(api.store).importRows(chunk)).values()];
  };
  expect(await fates(1)).toEqual(['updated', 'unchanged', 'created']);
  expect(await fates(2)).toEqual(['unchanged', 'unchanged', 'unchanged']);
  const { data } = (await api.call(`GET /api/v1/subscribers?list_id=${own}&status=unsubscribed`)).json();
  expect(data).toMatchObject([{ email: 'left@example.com', first_name: 'I' }]);
});
