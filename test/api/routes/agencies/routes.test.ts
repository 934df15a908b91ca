import { afterAll, beforeAll, expect, test } from 'vitest';
import { aClient, aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const clients = '/api/v1/agency/clients';
const onBehalfOf = (account: number) => ({ headers: { 'everpost-account': String(account) } });

test('an agency adds, reads, changes and lists its clients; a repeat with the same Idempotency-Key adds none', async () => {
  const payload = { name: 'Bakery', mail_from: 'Bakery <hello@bakery.example>' };
  const once = { payload, headers: { 'idempotency-key': 'bakery' } };
  const made = (await api.call(`POST ${clients}`, once)).json().data;
  expect((await api.call(`POST ${clients}`, once)).json().error.code).toBe('secret_already_shown');
  expect(made).toMatchObject({ ...payload, state: 'active' });
  const changed = await api.call(`PATCH ${clients}/${made.id}`, { payload: { name: 'Bakery & Café' } });
  expect(changed.json().data).toMatchObject({ id: made.id, name: 'Bakery & Café', mail_from: payload.mail_from });
  expect((await api.call(`GET ${clients}/${made.id}`)).json()).toEqual(changed.json());
  expect((await api.call(`GET ${clients}?per_page=1`)).json()).toMatchObject({
    data: [{ id: made.id }],
    meta: { total: 1 },
  });
  const unfit = await api.call(`POST ${clients}`, { payload: { name: 'x', mail_from: 'no-address' } });
  expect(unfit.json().error.errors).toHaveProperty('mail_from');
});

test('with Everpost-Account an agency acts for its own clients only', async () => {
  const client = await aClient(api, 'Florist');
  const made = await api.call('POST /api/v1/lists', { payload: { name: 'Roses' }, ...onBehalfOf(client.account) });
  expect((await api.call('GET /api/v1/lists', { key: client.key })).json().data).toMatchObject([{ name: 'Roses' }]);
  expect((await api.call(`GET /api/v1/lists/${made.json().data.id}`)).statusCode).toBe(403);
  expect((await api.call('GET /api/v1/account', onBehalfOf(client.account))).json().data.id).toBe(client.account);

  const sibling = await aClient(api, 'Butcher');
  const stranger = await aStranger(api);
  const asking = async (key: string, account: number | string) =>
    (await api.call('GET /api/v1/lists', { key, headers: { 'everpost-account': String(account) } })).statusCode;
  expect(await asking(api.key, 999)).toBe(404);
  expect(await asking(api.key, 'everybody')).toBe(400);
  expect(await asking(api.key, stranger.account)).toBe(403);
  expect(await asking(stranger.key, client.account)).toBe(403);
  expect(await asking(sibling.key, client.account)).toBe(404);
  expect(await asking(client.key, api.account)).toBe(404);
  expect(await asking(client.key, client.account)).toBe(200);
});

test('a new client has a key that works at once; no other response shows it', async () => {
  const { id, key, key_id } = (await api.call(`POST ${clients}`, { payload: { name: 'Florist' } })).json().data;
  expect((await api.call('GET /api/v1/account', { key })).json().data).toMatchObject({ id, name: 'Florist' });
  const pair = { 'public-key': String(key_id), 'private-key': key };
  expect((await api.call('GET /lists/show', { key: null, headers: pair })).statusCode).toBe(200);
  expect((await api.call('POST /api/v1/lists', { key, payload: { name: 'Roses' } })).statusCode).toBe(201);
  const shown = await api.call(`GET ${clients}/${id}`);
  const keys = await api.call(`GET ${clients}/${id}/keys`);
  expect(keys.json().data).toMatchObject([{ id: key_id, name: 'Florist', state: 'active' }]);
  expect(shown.body + keys.body).not.toContain(key);
});

test('for a client a key has its scopes; a key restricted to lists acts for its own account only', async () => {
  const client = await aClient(api, 'Reader');
  const reading = (await api.deps.keys.issue(api.account, 'Reading', { scopes: ['read'] })).secret;
  const add = (key: string) =>
    api.call('POST /api/v1/lists', { key, payload: { name: 'x' }, ...onBehalfOf(client.account) });
  expect((await add(reading)).json().error.code).toBe('missing_scope');
  const narrow = (await api.deps.keys.issue(api.account, 'Narrow', { lists: [1] })).secret;
  expect((await add(narrow)).json().error.code).toBe('key_restricted');
});

test('a client has no clients', async () => {
  const client = await aClient(api, 'Grocer');
  for (const call of [{ key: client.key }, onBehalfOf(client.account)]) {
    const answer = await api.call('GET /api/v1/agency', call);
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'clients_not_allowed']);
  }
});

test('a suspended client is refused by name and its campaigns are paused; resuming it resumes both', async () => {
  const client = await aClient(api, 'Late payer');
  const asClient = { key: client.key };
  const list = await aList({ ...api, call: (route, call) => api.call(route, { ...call, ...asClient }) });
  await aSubscriber({ ...api, call: (route, call) => api.call(route, { ...call, ...asClient }) }, list);
  const campaign = { list_id: list, subject: 'x', html: '<p>x</p>', send: true };
  const sending = (await api.call('POST /api/v1/campaigns', { ...asClient, payload: campaign })).json().data.id;
  const paused = (await api.call('POST /api/v1/campaigns', { ...asClient, payload: campaign })).json().data.id;
  await api.call(`POST /api/v1/campaigns/${paused}/pause`, asClient);

  expect((await api.call(`POST ${clients}/${client.account}/suspend`)).json().data.state).toBe('suspended');
  for (const route of ['GET /api/v1/lists', 'POST /api/v1/messages']) {
    const refused = await api.call(route, asClient);
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'account_suspended']);
  }
  const shown = async (id: number) =>
    (await api.call(`GET /api/v1/campaigns/${id}`, onBehalfOf(client.account))).json().data;
  expect(await shown(sending)).toMatchObject({ state: 'paused', reason: 'account_suspended' });
  const resumes = await api.call(`POST /api/v1/campaigns/${sending}/resume`, onBehalfOf(client.account));
  expect(resumes.json().error.code).toBe('account_suspended');
  expect((await api.call(`GET ${clients}?state=suspended`)).json().data).toMatchObject([{ id: client.account }]);
  expect((await api.call('GET /api/v1/agency')).json().data.clients).toMatchObject({ suspended: 1 });

  expect((await api.call(`POST ${clients}/${client.account}/resume`)).json().data.state).toBe('active');
  expect(await shown(sending)).toMatchObject({ state: 'freezing', reason: null });
  expect(await shown(paused)).toMatchObject({ state: 'paused', reason: null });
  expect((await api.call('GET /api/v1/lists', asClient)).statusCode).toBe(200);
});

test('a client with mail in progress cannot be closed; closing ends its keys and keeps its data', async () => {
  const client = await aClient(api, 'Leaver');
  const asClient = { key: client.key };
  const mail = { to: 'a@example.com', subject: 'x', text: 'x' };
  const { id } = (await api.call('POST /api/v1/messages', { ...asClient, payload: mail })).json().data;
  const busy = await api.call(`DELETE ${clients}/${client.account}`);
  expect([busy.statusCode, busy.json().error.code]).toEqual([409, 'client_busy']);
  await api.call(`POST /api/v1/messages/${id}/cancel`, asClient);
  expect((await api.call(`DELETE ${clients}/${client.account}`)).statusCode).toBe(204);
  expect((await api.call('GET /api/v1/lists', asClient)).json().error.code).toBe('key_revoked');
  expect((await api.call(`GET ${clients}/${client.account}`)).statusCode).toBe(404);
  expect((await api.call('GET /api/v1/lists', onBehalfOf(client.account))).statusCode).toBe(404);
  expect(await api.deps.messages.find(client.account, id)).toMatchObject({ state: 'cancelled' });
});
