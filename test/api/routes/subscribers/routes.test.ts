import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
afterAll(() => api.close());

const add = (payload: Record<string, unknown>) =>
  api.call('POST /api/v1/subscribers', { payload: { list_id: list, ...payload } });
const find = async (id: number) => (await api.call(`GET /api/v1/subscribers/${id}`)).json().data;
const eventsOf = async (subscriber: number) =>
  (await api.store.db.collection('events').find({ subscriber }).sort({ at: 1 }).toArray()).map(
    (event) => event['type'],
  );
const setStatus = (id: number, status: string) =>
  api.store.db.collection<{ _id: number }>('subscribers').updateOne({ _id: id }, { $set: { status } });

test('one row per list and address, independent of the case and spelling of the domain', async () => {
  const first = await add({ email: 'Zoë@Bücher.example' });
  const second = await add({ email: 'zoë@xn--bcher-kva.EXAMPLE', last_name: 'Z' });
  expect([first.statusCode, second.statusCode]).toEqual([201, 200]);
  expect(second.json().data).toMatchObject({ id: first.json().data.id, email: 'Zoë@Bücher.example', last_name: 'Z' });
});

test('twenty concurrent requests for one new address create one row and one event', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => add({ email: 'racer@example.com' })));
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1);
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(19);
  expect(await eventsOf(answers[0]?.json().data.id)).toEqual(['subscriber.created']);
});

test('a repeated request changes the given fields and keeps the others', async () => {
  const { id } = await aSubscriber(api, list, {
    email: 'keep@example.com',
    first_name: 'Kim',
    tags: ['a'],
    attributes: { plan: 'free', seats: 3 },
  });
  await add({ email: 'keep@example.com', tags: ['b'], attributes: { plan: 'pro', seats: null, beta: true } });
  expect(await find(id)).toMatchObject({
    first_name: 'Kim',
    tags: ['a', 'b'],
    attributes: { plan: 'pro', beta: true },
  });
  expect(await eventsOf(id)).toEqual(['subscriber.created', 'subscriber.updated']);
});

test('a new sign-up reactivates an unsubscribed address; a second unsubscribe publishes no event', async () => {
  const { id } = await aSubscriber(api, list, { email: 'back@example.com' });
  await api.call(`DELETE /api/v1/subscribers/back@example.com?list_id=${list}`);
  await api.call(`DELETE /api/v1/subscribers/BACK@example.com?list_id=${list}`);
  const gone = await find(id);
  expect(gone).toMatchObject({ status: 'unsubscribed', unsubscribed_at: expect.any(String) });
  expect((await add({ email: 'back@example.com' })).json().data).toMatchObject({
    id,
    status: 'active',
    unsubscribed_at: null,
  });
  expect(await eventsOf(id)).toEqual(['subscriber.created', 'subscriber.unsubscribed', 'subscriber.reactivated']);
});

test.each(['bounced', 'complained'])('a %s address is not reactivated', async (status) => {
  const email = `${status}@example.com`;
  const { id } = await aSubscriber(api, list, { email });
  await setStatus(id, status);
  const again = await add({ email, first_name: 'Again' });
  expect(again.statusCode).toBe(200);
  expect(again.json().data).toMatchObject({ id, status, first_name: 'Again' });
});

test('without a list the address is unsubscribed from every list of the account', async () => {
  const other = await aList(api, { name: 'Other' });
  const here = await aSubscriber(api, list, { email: 'both@example.com' });
  const there = await aSubscriber(api, other, { email: 'both@example.com' });
  expect((await api.call('DELETE /api/v1/subscribers/both%40example.com')).statusCode).toBe(204);
  expect((await find(here.id)).status).toBe('unsubscribed');
  expect((await find(there.id)).status).toBe('unsubscribed');
});

test('PATCH changes the subscriber and replaces the tags', async () => {
  const { id } = await aSubscriber(api, list, { email: 'patch@example.com', tags: ['a', 'b'], first_name: 'P' });
  const answer = await api.call(`PATCH /api/v1/subscribers/${id}`, { payload: { tags: ['c'], first_name: null } });
  expect(answer.json().data).toMatchObject({ tags: ['c'], first_name: null, email: 'patch@example.com' });
  const refused = await api.call(`PATCH /api/v1/subscribers/${id}`, { payload: { email: 'other@example.com' } });
  expect(refused.json().error.errors).toEqual({ email: ['The email field is not known.'] });
});

test('attributes and tags of a subscriber are limited across requests', async () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`a${index}`, index]));
  const { id } = await aSubscriber(api, list, { email: 'big@example.com', attributes: many });
  const grown = await add({ email: 'big@example.com', attributes: { one_more: 1 } });
  expect(grown.statusCode).toBe(422);
  expect(Object.keys(grown.json().error.errors)).toEqual(['attributes']);
  const long = await add({ email: 'long@example.com', attributes: { a: 'x'.repeat(2048), b: 'x'.repeat(2048) } });
  expect(long.json().error.errors).toHaveProperty('attributes');
  const nested = await add({ email: 'nested@example.com', attributes: { a: { b: 1 }, 'c.d': 1, $e: 1 } });
  expect(Object.keys(nested.json().error.errors).sort()).toEqual(['attributes.$e', 'attributes.a', 'attributes.c.d']);
  expect(Object.keys((await find(id)).attributes)).toHaveLength(50);
});

test('pages, filters and search', async () => {
  const own = await aList(api, { name: 'Pages' });
  const rows = [
    { email: 'ann@example.com', first_name: 'Ann', tags: ['vip'] },
    { email: 'ben@example.com', first_name: 'Ben' },
    { email: 'cy@example.org', last_name: 'O.Neil', tags: ['vip'] },
  ];
  await api.call('POST /api/v1/subscribers/batch', { payload: { list_id: own, subscribers: rows } });
  await api.call(`DELETE /api/v1/subscribers/ben@example.com?list_id=${own}`);
  const emails = async (query: string) => {
    const { data, meta } = (await api.call(`GET /api/v1/subscribers?list_id=${own}&${query}`)).json();
    return { emails: data.map(({ email }: { email: string }) => email.split('@')[0]), meta };
  };
  expect(await emails('per_page=2&page=2')).toEqual({
    emails: ['cy'],
    meta: { current_page: 2, per_page: 2, last_page: 2, total: 3 },
  });
  expect((await emails('status=unsubscribed')).emails).toEqual(['ben']);
  expect((await emails('tag=vip')).emails).toEqual(['ann', 'cy']);
  expect((await emails('search=EXAMPLE.COM')).emails).toEqual(['ann', 'ben']);
  expect((await emails('search=o.n')).emails).toEqual(['cy']);
  expect((await emails('search=a.n')).emails).toEqual([]);
  expect((await emails('page=9')).emails).toEqual([]);
});

test('`suppressed` comes from the suppressions, and the row stays unchanged', async () => {
  const { id } = await aSubscriber(api, list, { email: 'barred@example.com' });
  await api.deps.suppressions.add(api.account, 'barred@example.com', 'manual', null);
  expect(await find(id)).toMatchObject({ status: 'active', suppressed: true });
});
