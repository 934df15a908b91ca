import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildApp } from '../../../api/app.js';
import { aList, anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ RATE_LIMIT_PER_MINUTE: '8' });
});
afterAll(() => api.close());

const aKey = async (terms: object = {}): Promise<string> =>
  (await api.deps.keys.issue(api.account, 'Limited', terms)).secret;

test('requests over the limit are refused with the time to wait, in valid structured fields', async () => {
  const key = await aKey();
  for (let left = 7; left >= 0; left -= 1) {
    const answer = await api.call('GET /api/v1/lists', { key });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['ratelimit-policy']).toBe('"default";q=8;w=60');
    expect(answer.headers['ratelimit']).toMatch(new RegExp(`^"default";r=${left};t=\\d+$`));
  }
  for (const _ of [1, 2]) {
    const refused = await api.call('GET /api/v1/lists', { key });
    expect([refused.statusCode, refused.json().error.code]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers['ratelimit']).toMatch(/^"default";r=0;t=\d+$/);
  }
});

test('the limit applies to all processes together', async () => {
  const key = await aKey();
  const second = await buildApp(api.deps);
  const ask = (app: typeof second) =>
    app.inject({ method: 'GET', url: '/api/v1/lists', headers: { authorization: `Bearer ${key}` } });
  const answers = await Promise.all([...Array(8)].flatMap(() => [ask(api.app), ask(second)]));
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(8);
  await second.close();
});

test('a key can have its own limit, but no key raises the limits of costly routes', async () => {
  const key = await aKey({ per_minute: 1_000 });
  const list = await aList(api);
  for (let sent = 0; sent < 20; sent += 1) {
    const rows = { key, payload: { list_id: list, subscribers: [{ email: `a${sent}@example.com` }] } };
    expect((await api.call('POST /api/v1/subscribers/batch', rows)).statusCode).toBe(200);
  }
  const rows = { key, payload: { list_id: list, subscribers: [{ email: 'more@example.com' }] } };
  expect((await api.call('POST /api/v1/subscribers/batch', rows)).statusCode).toBe(429);
  expect((await api.call('GET /api/v1/lists', { key })).headers['ratelimit-policy']).toBe('"default";q=1000;w=60');
});

test('an invalid request does not count; a refused one has no effect', async () => {
  const key = await aKey();
  for (let i = 0; i < 12; i += 1) {
    expect((await api.call('POST /api/v1/lists', { key, payload: { nme: 'x' } })).statusCode).toBe(422);
  }
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => api.call('POST /api/v1/lists', { key, payload: { name: 'Counted' } })),
  );
  const made = answers.filter(({ statusCode }) => statusCode === 201).length;
  expect(made).toBe(8);
  expect(await api.store.db.collection('lists').countDocuments({ name: 'Counted' })).toBe(8);
});

test('requests without a key are counted by address', async () => {
  expect((await api.call('GET /health', { key: null })).headers['ratelimit-policy']).toBe('"address";q=30000;w=60');
});

test('a plan limits all keys of an account together', async () => {
  const { _id: account } = await api.deps.accounts.open('Planned');
  await api.deps.accounts.setPlan(account, { requests_per_minute: 3 });
  const keys = await Promise.all([1, 2].map(async () => (await api.deps.keys.issue(account, 'One of two')).secret));
  const answers = [];
  for (const key of [...keys, ...keys]) answers.push(await api.call('GET /api/v1/lists', { key }));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 429]);
  expect(answers.at(-1)?.headers['ratelimit-policy']).toBe('"plan";q=3;w=60');
});
