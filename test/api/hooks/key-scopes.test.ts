import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownRoutes } from '../../../api/hooks/known-routes.js';
import { scopeOf } from '../../../api/hooks/scopes.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../support/api/api.js';

let api: TestApi;
let [own, other] = [0, 0];
beforeAll(async () => {
  api = await anApi();
  own = await aList(api, { name: 'Own' });
  other = await aList(api, { name: 'Other' });
});
afterAll(() => api.close());

const aKey = async (terms: object): Promise<string> =>
  (await api.call('POST /api/v1/keys', { payload: { name: 'Narrow', ...terms } })).json().data.key;

test('a key is refused on every route outside its scopes, with the name of the missing scope', async () => {
  const keys = { read: await aKey({ scopes: ['read'] }), send: await aKey({ scopes: ['send'] }) };
  const routes = knownRoutes(api.app).filter(
    ({ url, method }) => /^\/api\/v1\/(?!external-mails)/.test(url) && method !== 'HEAD',
  );
  expect(routes.length).toBeGreaterThan(40);
  for (const { method, url } of routes) {
    const needed = scopeOf(method, url);
    for (const scope of ['read', 'send'] as const) {
      if (needed === scope) continue;
      const path = url.replace(/:[a-z]+/g, '1');
      const answer = await api.call(`${method} ${path}`, { key: keys[scope] });
      expect([method, url, answer.statusCode, answer.json().error.code]).toEqual([method, url, 403, 'missing_scope']);
    }
  }
});

test('a key for one list reads and changes only that list', async () => {
  const key = await aKey({ lists: [own] });
  const { id } = await aSubscriber(api, other, { email: 'hidden@example.com' });
  const draft = { list_id: other, subject: 'x', html: '<p>x</p>' };
  const campaign = (await api.call('POST /api/v1/campaigns', { payload: draft })).json().data.id;
  const refused = [
    ['GET', `lists/${other}`],
    ['GET', 'subscribers'],
    ['GET', `subscribers?list_id=${other}`],
    ['GET', `subscribers/${id}`],
    ['GET', `campaigns/${campaign}`],
    ['POST', `campaigns/${campaign}/send`],
    ['DELETE', 'subscribers/hidden@example.com'],
    ['POST', 'subscribers', { email: 'a@example.com', list_id: other }],
    ['POST', 'campaigns', draft],
    ['POST', 'lists', { name: 'New' }],
  ] as const;
  for (const [method, path, payload] of refused) {
    const answer = await api.call(`${method} /api/v1/${path}`, { key, ...(payload && { payload }) });
    expect([method, path, answer.statusCode, answer.json().error.code]).toEqual([method, path, 403, 'key_restricted']);
  }
  expect((await api.call('GET /api/v1/lists', { key })).json().data).toMatchObject([{ id: own }]);
  const added = { key, payload: { email: 'a@example.com', list_id: own } };
  expect((await api.call('POST /api/v1/subscribers', added)).statusCode).toBe(201);
  expect((await api.call(`GET /api/v1/subscribers?list_id=${own}`, { key })).statusCode).toBe(200);
});

test('a key for one domain sends only from that domain', async () => {
  const key = await aKey({ domains: ['Acme.Example'] });
  const mail = { to: 'a@example.com', subject: 'x', text: 'x' };
  const send = (from?: string) =>
    api.call('POST /api/v1/messages', { key, payload: { ...mail, ...(from && { from }) } });
  expect((await send('hello@acme.example')).statusCode).toBe(202);
  expect((await send('hello@other.example')).json().error.code).toBe('key_restricted');
  expect((await send()).json().error.code).toBe('key_restricted');
  const batch = { key, payload: { messages: [{ ...mail, from: 'a@acme.example' }, mail] } };
  expect((await api.call('POST /api/v1/messages/batch', batch)).json().error.code).toBe('key_restricted');
  await aSubscriber(api, own, { email: 'reader@example.com' });
  const draft = { list_id: own, subject: 'x', html: '<p>x</p>' };
  const { id } = (await api.call('POST /api/v1/campaigns', { payload: draft })).json().data;
  expect((await api.call(`POST /api/v1/campaigns/${id}/send`, { key })).json().error.code).toBe('key_restricted');
});

describe('a newsletter sends by itself: a restricted key', () => {
  const letter = { name: 'Weekly', schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: '<p>x</p>' };
  const post = (path: string, payload: object, key?: string) =>
    api.call(`POST /api/v1/newsletters${path}`, { payload, ...(key !== undefined && { key }) });
  const made = async (over: object): Promise<number> => (await post('', { ...letter, ...over })).json().data.id;
  const deeds = [
    ['POST', '/trigger'],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['PUT', '/data', { data: { a: 1 } }],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', ''],
  ] as const;
  const refused = async (key: string, id: number) => {
    for (const [method, path, payload = {}] of deeds) {
      const body = method === 'DELETE' ? {} : { payload };
      const answer = await api.call(`${method} /api/v1/newsletters/${id}${path}`, { key, ...body });
      expect([method, path, answer.json().error?.code]).toEqual([method, path, 'key_restricted']);
    }
  };

  test('for one domain changes none whose current or new sender, named or from its list, has another domain', async () => {
    const key = await aKey({ domains: ['acme.example'] });
    const [mine, theirs] = [{ email: 'news@acme.example' }, { email: 'news@other.example' }];
    for (const from of [undefined, null, theirs]) {
      const answer = await post('', { ...letter, list_id: own, from }, key);
      expect(answer.json().error?.code).toBe('key_restricted');
      await refused(key, await made({ list_id: own, from }));
    }
    const id = (await post('', { ...letter, list_id: own, from: mine }, key)).json().data.id;
    const patch = (payload: object) => api.call(`PATCH /api/v1/newsletters/${id}`, { key, payload });
    expect((await patch({ from: null })).json().error?.code).toBe('key_restricted');
    expect((await patch({ name: 'Daily' })).statusCode).toBe(200);
    expect((await post(`/${id}/trigger`, {}, key)).statusCode).toBe(202);
    const list = await aList(api, { name: 'Acme', defaults: { from: mine } });
    expect((await post('', { ...letter, list_id: list }, key)).statusCode).toBe(201);
  });

  test('for one list changes none of another list and moves none to another list', async () => {
    const key = await aKey({ lists: [own] });
    expect((await post('', { ...letter, list_id: other }, key)).json().error.code).toBe('key_restricted');
    await refused(key, await made({ list_id: other }));
    const id = await made({ list_id: own });
    const moved = await api.call(`PATCH /api/v1/newsletters/${id}`, { key, payload: { list_id: other } });
    expect(moved.json().error?.code).toBe('key_restricted');
    expect((await post(`/${id}/trigger`, {}, key)).statusCode).toBe(202);
  });
});

test('a restricted key cannot have the scope admin or a list of another account', async () => {
  const post = (terms: object) => api.call('POST /api/v1/keys', { payload: { name: 'x', ...terms } });
  expect((await post({ scopes: ['admin'], lists: [own] })).json().error.errors).toHaveProperty('scopes');
  expect((await post({ lists: [999] })).json().error.errors).toHaveProperty('lists');
});
