import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../../api/app.js';
import { aList, anApi, type TestApi } from '../../support/api/api.js';
import { readCurl } from '../../support/api/curl.js';
import { curlLinesOf } from '../../support/dialects/documents.js';

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

describe('without RATE_LIMIT_PER_MINUTE', () => {
  let usual: TestApi;
  beforeAll(async () => {
    usual = await anApi({ RATE_LIMIT_PER_MINUTE: '' });
    await aList(usual);
  });
  afterAll(() => usual.close());

  const policyOf = async (route: string, options: Parameters<TestApi['call']>[1] = {}) =>
    (await usual.call(route, options)).headers['ratelimit-policy'];

  test.each(curlLinesOf('maily'))('%s has the limit of the document', async (line) => {
    const shown = line.replaceAll('https://usemaily.xyz', '').replaceAll('YOUR_API_KEY', usual.key);
    const { method, url, ...request } = readCurl(shown);
    const isDraft = request.payload?.includes('"ai"') === true;
    const costly = url.endsWith('/batch') ? '"batches";q=20;w=60' : isDraft && '"drafts";q=10;w=60';
    expect(await policyOf(`${method} ${url}`, { key: null, ...request })).toBe(costly || '"maily";q=60;w=60');
  });

  test.each([
    ['GET /campaigns', '"maily";q=60;w=60'],
    ['GET /campaigns/1', '"maily";q=60;w=60'],
    ['HEAD /campaigns/1', '"maily";q=60;w=60'],
    ['DELETE /campaigns/1', '"maily";q=60;w=60'],
    ['GET /templates/', '"maily";q=60;w=60'],
    ['POST /campaigns/1/send', '"sends";q=5;w=60'],
    ['GET /lists/1', '"default";q=600;w=60'],
    ['GET /campaigns/1/stats', '"default";q=600;w=60'],
    ['GET /subscribers/1', '"default";q=600;w=60'],
    ['GET /events', '"default";q=600;w=60'],
  ])('%s has %s', async (route, policy) => {
    const [method, path] = route.split(' ');
    expect(await policyOf(`${method} /api/v1${path}`, method === 'POST' ? { payload: {} } : {})).toBe(policy);
  });

  test('a list of the dialect envie is not one of Maily', async () => {
    const headers = { 'public-key': '1', 'private-key': usual.key };
    expect(await policyOf('GET /lists/show', { key: null, headers })).toBe('"default";q=600;w=60');
  });

  test('a key with a limit of its own counts all these routes together', async () => {
    const { secret: key } = await usual.deps.keys.issue(usual.account, 'Own', { per_minute: 3 });
    const answers = [];
    for (const path of ['lists', 'events', 'campaigns', 'events'])
      answers.push(await usual.call(`GET /api/v1/${path}`, { key }));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 429]);
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"default";q=3;w=60');
  });
});

test('0 turns the limits off', async () => {
  const free = await anApi({ RATE_LIMIT_PER_MINUTE: '0' });
  expect((await free.call('GET /api/v1/lists')).headers['ratelimit-policy']).toBeUndefined();
  await free.close();
});
