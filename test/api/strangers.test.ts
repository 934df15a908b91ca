import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownRoutes } from '../../api/paths.js';
import { now } from '../../clock.js';
import { aList, anApi, aStranger, aSubscriber, type Call, type TestApi } from '../support/api.js';
import { FOREIGN_ANSWERS } from '../support/foreign-answers.js';

let api: TestApi;
let stranger: { account: number; key: string };
let own: Record<string, number | string>;

beforeAll(async () => {
  api = await anApi();
  stranger = await aStranger(api);
  const list = await aList(api);
  const { id } = await aSubscriber(api, list, { email: 'mine@example.com', tags: ['mine'] });
  const [key] = (await api.call('GET /api/v1/keys')).json().data;
  const draft = { list_id: list, subject: 'Mine', html: '<p>mine</p>' };
  const campaign = (await api.call('POST /api/v1/campaigns', { payload: draft })).json().data;
  const upload = (await api.call(`POST /api/v1/lists/${list}/imports`, CSV)).json().data;
  const relay = { name: 'mine', url: 'smtp://mine:pw@relay.example.com' };
  const transport = (await api.call('POST /api/v1/transports', { payload: relay })).json().data;
  own = { list, subscriber: id, key: key.id, email: 'mine@example.com', campaign: campaign.id, import: upload.id };
  own['transport'] = transport.id;
  own['domain'] = (await api.call('POST /api/v1/domains', { payload: { domain: 'mine.example' } })).json().data.id;
  const hook = { url: 'https://mine.example.com/hooks' };
  own['webhook'] = (await api.call('POST /api/v1/webhooks', { payload: hook })).json().data.id;
  const mail = { to: 'mine@example.com', subject: 'Mine', text: 'mine' };
  const member = { name: 'Mine', email: 'member@example.com', role: 'approver' };
  own['member'] = (await api.call('POST /api/v1/account/members', { payload: member })).json().data.id;
  const template = { name: 'Mine', contents: { en: { html: 'mine@example.com' } } };
  const field = { name: 'mine', type: 'text' };
  own['field'] = (await api.call('POST /api/v1/fields', { payload: field })).json().data.id;
  own['template'] = (await api.call('POST /api/v1/templates', { payload: template })).json().data.id;
  await api.call('PUT /api/v1/providers/postmark', { payload: {} });
  own['provider'] = 'postmark';
  own['message'] = (await api.call('POST /api/v1/messages', { payload: mail })).json().data.id;
});
afterAll(() => api.close());

const CSV: Call = { payload: 'email\nmine2@example.com\n', headers: { 'content-type': 'text/csv' } };
const SOON = new Date(now().getTime() + 3_600_000).toISOString();

/** Which of our things a path parameter names, by the path before it. */
const NOUNS: Readonly<Record<string, string>> = {
  lists: 'list',
  subscribers: 'subscriber',
  keys: 'key',
  campaigns: 'campaign',
  imports: 'import',
  transports: 'transport',
  domains: 'domain',
  messages: 'message',
  webhooks: 'webhook',
  account: 'member',
  providers: 'provider',
  templates: 'template',
  fields: 'field',
};

/** Bodies that name our things, for the routes that take one. */
const BODIES: Readonly<Record<string, () => Record<string, unknown>>> = {
  'POST /api/v1/subscribers': () => ({ email: 'foreign@example.com', list_id: own['list'] }),
  'POST /api/v1/subscribers/batch': () => ({
    list_id: own['list'],
    subscribers: [{ email: 'mine@example.com', first_name: 'Mallory' }],
  }),
  'POST /api/v1/campaigns': () => ({ list_id: own['list'], subject: 'x', html: '<p>x</p>' }),
  'PATCH /api/v1/campaigns/:id': () => ({ subject: 'Taken over' }),
  'POST /api/v1/campaigns/:id/schedule': () => ({ scheduled_at: SOON }),
  'POST /api/v1/campaigns/:id/test': () => ({ to: ['member@example.com'] }),
  'POST /api/v1/campaigns/:id/rate': () => ({ per_second: 5 }),
  'POST /api/v1/campaigns/:id/retry': () => ({ status: 'all' }),
  'PATCH /api/v1/transports/:id': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/templates/:id': () => ({ name: 'Taken over' }),
  'POST /api/v1/templates/:id/rollback': () => ({ version: 1 }),
  'PATCH /api/v1/domains/:id': () => ({ bounce_domain: null }),
  'PATCH /api/v1/fields/:id': () => ({ label: 'Taken over' }),
  'PATCH /api/v1/lists/:id': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/webhooks/:id': () => ({ description: 'Taken over' }),
  'PUT /api/v1/account/voice': () => ({}),
  'PUT /api/v1/providers/:name': () => ({ username: 'mallory' }),
  'PUT /api/v1/account/brand': () => ({}),
  'PATCH /api/v1/account': () => ({ name: 'Taken over' }),
  'PATCH /api/v1/subscribers/:id': () => ({ first_name: 'Mallory' }),
};

/** Routes that make something of the caller's own and name nothing of ours. */
const MAKING = [
  'POST /api/v1/lists',
  'POST /api/v1/domains',
  'POST /api/v1/fields',
  'POST /api/v1/transports',
  'POST /api/v1/webhooks',
  'POST /api/v1/keys',
  'POST /api/v1/messages',
  'POST /api/v1/messages/batch',
  'POST /api/v1/suppressions',
  'POST /api/v1/suppressions/batch',
  'GET /api/v1/suppressions/export',
  'POST /api/v1/account/members',
  'POST /api/v1/templates',
];

/** What a stranger sees where they see something: theirs, and of lists with something of ours nothing. */
const THEIRS: Readonly<Record<string, () => unknown>> = {
  '/api/v1/templates': () => Array.from({ length: 6 }, () => expect.objectContaining({ is_system: true })),
  '/api/v1/keys': () => [expect.objectContaining({ name: 'Stranger' })],
  '/api/v1/account/brand': () => expect.objectContaining({ name: null, postal_address: null }),
  '/api/v1/account/voice': () => expect.objectContaining({ audience: null }),
  '/api/v1/providers/:name': () => expect.objectContaining({ username: 'mallory' }),
  '/api/v1/account': () => expect.objectContaining({ id: stranger.account }),
};

const WITH_QUERY: Readonly<Record<string, () => string>> = {
  '/api/v1/subscribers': () => `?list_id=${own['list']}&search=mine&tag=mine`,
  '/api/v1/messages': () => '?to=mine@example.com',
  '/api/v1/subscribers/export': () => `?list_id=${own['list']}`,
  '/api/v1/subscribers/:email': () => '?erase=true',
};

function walked(): { method: string; url: string }[] {
  return knownRoutes(api.app)
    .filter(({ method, url }) => url.startsWith('/api/v1') && method !== 'HEAD')
    .filter(({ method, url }) => !MAKING.includes(`${method} ${url}`));
}

function concrete(url: string): string {
  const noun = NOUNS[url.split('/')[3] ?? ''] ?? 'list';
  return (
    url.replace(':email', String(own['email'])).replace(/:\w+/g, String(own[noun] ?? 1)) + (WITH_QUERY[url]?.() ?? '')
  );
}

/** Everything the account owns, as the store has it. */
async function everythingOfOurs(): Promise<string> {
  const collections = (await api.store.db.collections()).map(({ collectionName }) => collectionName).sort();
  const rows = collections
    .filter((name) => !['keys', 'replies', 'counters'].includes(name))
    .map((name) => api.store.db.collection(name).find({ account: api.account }).sort({ _id: 1 }).toArray());
  const account = await api.deps.accounts.find(api.account);
  const states = api.store.db.collection('keys').find({ account: api.account }).project({ state: 1 }).toArray();
  return JSON.stringify([account, await Promise.all(rows), await states]);
}

test('every route, walked with the key of another account, shows and changes nothing', async () => {
  const before = await everythingOfOurs();
  const answers: Record<string, number> = {};
  for (const { method, url } of walked()) {
    const payload = BODIES[`${method} ${url}`]?.();
    const call: Call = { ...(url.endsWith('/:id/imports') ? CSV : {}), key: stranger.key, ...(payload && { payload }) };
    const answer = await api.call(`${method} ${concrete(url)}`, call);
    answers[`${method} ${url}`] = answer.statusCode;
    expect(answer.body, `${method} ${url}`).not.toMatch(/mine@example\.com|Newsletter/);
    if (answer.statusCode === 200) expect(answer.json().data, url).toEqual(THEIRS[url]?.() ?? []);
  }
  expect(await everythingOfOurs()).toBe(before);
  expect(answers).toEqual(FOREIGN_ANSWERS);
});

test('every route under /api/v1 refuses a request without a key, before it looks at anything else', async () => {
  for (const { method, url } of walked()) {
    const answer = await api.call(`${method} ${concrete(url)}`, { key: null, payload: { nonsense: true } });
    expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
  }
});

test('a 403 is empty-handed and a 404 says no more than that', async () => {
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
