import { afterAll, beforeAll, expect, test } from 'vitest';
import { aClient, anApi, aStranger, type TestApi } from '../../support/api/api.js';
import {
  checkedRoutes,
  concretePath,
  ownResponsesOf,
  requestEveryRoute,
  storedRowsOf,
} from '../../support/isolation/every-route.js';
import { EXPECTED_STATUSES } from '../../support/isolation/expected-statuses.js';
import { type OwnedResources, ownedResources } from '../../support/isolation/owned-resources.js';

let api: TestApi;
let stranger: { account: number; key: string };
let client: { account: number; key: string };
let own: OwnedResources;
let theirs: OwnedResources;

beforeAll(async () => {
  api = await anApi();
  stranger = await aStranger(api);
  client = await aClient(api, 'Client');
  own = { ...(await ownedResources(api, api.key)), client: client.account };
  theirs = { ...(await ownedResources(api, client.key)), client: client.account };
});
afterAll(() => api.close());

test('every route shows and changes nothing with the key of another account', async () => {
  const before = await storedRowsOf(api, api.account);
  const walker = { key: stranger.key, theirs: ownResponsesOf(stranger.account, 'Stranger') };
  expect(await requestEveryRoute(api, own, walker)).toEqual(EXPECTED_STATUSES);
  expect(await storedRowsOf(api, api.account)).toBe(before);
  expect((await api.deps.accounts.find(client.account))?.name).toBe('Client');
});

/** A resource of a sibling is 404, and a client has no clients. */
const SIBLING_ANSWERS = Object.fromEntries(
  Object.entries(EXPECTED_STATUSES).map(([route, status]) => {
    if (route.includes('/agency')) return [route, 403];
    return [route, status === 403 ? 404 : status];
  }),
);

/** The key that its agency was shown, and the one of the test. */
const KEYS_OF_CLIENT = 2;

test('a client gets 404 for every resource of a sibling', async () => {
  const sibling = await aClient(api, 'Sibling');
  const before = await storedRowsOf(api, client.account);
  const walker = { key: sibling.key, theirs: ownResponsesOf(sibling.account, 'Sibling', KEYS_OF_CLIENT) };
  expect(await requestEveryRoute(api, theirs, walker)).toEqual(SIBLING_ANSWERS);
  expect(await storedRowsOf(api, client.account)).toBe(before);
});

test('a client gets 404 for every resource of its agency', async () => {
  const other = await aClient(api, 'Other client');
  const before = await storedRowsOf(api, api.account);
  const walker = { key: other.key, theirs: ownResponsesOf(other.account, 'Other client', KEYS_OF_CLIENT) };
  expect(await requestEveryRoute(api, own, walker)).toEqual(SIBLING_ANSWERS);
  expect(await storedRowsOf(api, api.account)).toBe(before);
});

test('an agency reaches its client’s resources on behalf of the client only', async () => {
  const headers = { 'everpost-account': String(client.account) };
  for (const { method, url } of checkedRoutes(api)) {
    if (method !== 'GET' || !url.includes(':') || /agency|providers/.test(url)) continue;
    const path = `GET ${concretePath(theirs, url)}`;
    expect([url, (await api.call(path, { headers })).statusCode]).not.toEqual([url, 403]);
    expect([url, (await api.call(path)).statusCode]).toEqual([url, 403]);
  }
});

test('every route under /api/v1 refuses a request without a key, before any other check', async () => {
  for (const { method, url } of checkedRoutes(api)) {
    const answer = await api.call(`${method} ${concretePath(own, url)}`, { key: null, payload: { nonsense: true } });
    expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
  }
});

test('neither a 403 nor a 404 reveals anything', async () => {
  const foreign = await api.call(`GET /api/v1/lists/${own['list']}`, { key: stranger.key });
  expect(foreign.json()).toEqual({ error: { code: 'forbidden', message: expect.any(String) } });
  const unknown = await api.call('GET /api/v1/lists/999999', { key: stranger.key });
  expect(unknown.json()).toEqual({ error: { code: 'not_found', message: expect.any(String) } });
});

test('the same address on lists of two accounts is two people', async () => {
  const { data } = (await api.call('POST /api/v1/lists', { key: stranger.key, payload: { name: 'Theirs' } })).json();
  const theirs = { email: 'mine@example.com', list_id: data.id };
  expect((await api.call('POST /api/v1/subscribers', { key: stranger.key, payload: theirs })).statusCode).toBe(201);
  await api.call('DELETE /api/v1/subscribers/mine@example.com', { key: stranger.key });
  const mine = (await api.call(`GET /api/v1/subscribers/${own['subscriber']}`)).json().data;
  expect(mine).toMatchObject({ status: 'active' });
  await api.deps.suppressions.add(stranger.account, 'mine@example.com', 'manual', null);
  expect(await api.deps.suppressions.among(api.account, ['mine@example.com'])).toEqual(new Set());
});
