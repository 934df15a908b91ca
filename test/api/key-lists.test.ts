import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../support/api/api.js';

const CAMPAIGN = { subject: 'x', html: '<p>x</p>' };
const WEEKLY = { name: 'Weekly', schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: '<p>x</p>' };
const CSV = { payload: 'email\nada@example.com\n', headers: { 'content-type': 'text/csv' } };

let api: TestApi;
let [own, other] = [0, 0];
let key: string;
let keyId: number;
/** One row of each noun, on the list of the key and on another one. */
let rows: Readonly<Record<'own' | 'other', Readonly<Record<string, number>>>>;
let routes: readonly string[];
beforeAll(async () => {
  api = await anApi();
  own = await aList(api, { name: 'Own' });
  other = await aList(api, { name: 'Other' });
  rows = { own: await rowsOf(own, 'own'), other: await rowsOf(other, 'other') };
  ({ key, id: keyId } = (await api.call('POST /api/v1/keys', { payload: { name: 'Form', lists: [own] } })).json().data);
  const { paths } = (await api.call('GET /openapi.json', { key: null })).json();
  routes = Object.entries<object>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
});
afterAll(() => api.close());

async function rowsOf(list: number, name: string): Promise<Record<string, number>> {
  const made = async (noun: string, payload: object): Promise<number> =>
    (await api.call(`POST /api/v1/${noun}`, { payload: { ...payload, list_id: list } })).json().data.id;
  return {
    lists: list,
    subscribers: (await aSubscriber(api, list, { email: `${name}@example.com` })).id,
    imports: (await api.call(`POST /api/v1/lists/${list}/imports`, CSV)).json().data.id,
    campaigns: await made('campaigns', CAMPAIGN),
    newsletters: await made('newsletters', WEEKLY),
  };
}

const named = (list: number) => `?list_id=${list}`;
const none = () => '';

/** Routes that a key for lists may use, with the query or body that names a list. */
const OPEN: Readonly<Record<string, (list: number) => string | object>> = {
  'GET /lists/{id}': none,
  'PATCH /lists/{id}': () => ({ name: 'Own' }),
  'GET /subscribers': named,
  'POST /subscribers': (list_id) => ({ email: 'new@example.com', list_id }),
  'POST /subscribers/batch': (list_id) => ({ list_id, subscribers: [{ email: 'new@example.com' }] }),
  'GET /subscribers/export': named,
  'GET /subscribers/{id}': none,
  'PATCH /subscribers/{id}': () => ({ first_name: 'Ada' }),
  'DELETE /subscribers/{email}': named,
  'POST /lists/{id}/imports': none,
  'GET /imports': named,
  'GET /imports/{id}': none,
  'GET /imports/{id}/errors.csv': none,
  'GET /campaigns': named,
  'POST /campaigns': (list_id) => ({ ...CAMPAIGN, list_id }),
  'GET /campaigns/{id}': none,
  'PATCH /campaigns/{id}': () => ({ subject: 'y' }),
  ...Object.fromEntries(
    ['preview', 'drafts', 'recipients', 'stats'].map((what) => [`GET /campaigns/{id}/${what}`, none]),
  ),
  ...Object.fromEntries(
    [
      'pause',
      'resume',
      'cancel',
      'preview',
      'preview/link',
      'check',
      'send',
      'reject',
      'approve',
      'drafts/{n}/choose',
    ].map((what) => [`POST /campaigns/{id}/${what}`, none]),
  ),
  'POST /campaigns/{id}/schedule': () => ({ scheduled_at: null }),
  'POST /campaigns/{id}/rate': () => ({ per_second: 5 }),
  'POST /campaigns/{id}/retry': () => ({ status: 'all' }),
  'POST /campaigns/{id}/test': () => ({ to: ['ada@example.com'] }),
  'POST /campaigns/{id}/drafts': () => ({ prompt: 'Invite people to our spring sale.' }),
  'GET /newsletters': named,
  'POST /newsletters': (list_id) => ({ ...WEEKLY, list_id }),
  'GET /newsletters/{id}': none,
  'PATCH /newsletters/{id}': () => ({ name: 'Weekly' }),
  'GET /newsletters/{id}/next': none,
  'GET /newsletters/{id}/issues': none,
  'POST /newsletters/{id}/pause': none,
  'POST /newsletters/{id}/resume': none,
  'POST /newsletters/{id}/trigger': none,
  'PUT /newsletters/{id}/data': () => ({ data: { a: 1 } }),
  // Last: the rows are needed before.
  'DELETE /campaigns/{id}': none,
  'DELETE /newsletters/{id}': none,
  'DELETE /lists/{id}': none,
};

/** Routes that answer with the lists of the key, whatever the request names. */
const FILTERED = [
  'GET /lists',
  'GET /people/{email}',
  'ENVIE POST /get',
  'ENVIE GET /show',
  'ENVIE POST /show',
  'ENVIE GET /show/{uid}',
];

const short = (route: string) => route.replace(' /api/v1/', ' /').replace(/^(\w+) \/lists\/(get|show)/, 'ENVIE $1 /$2');
const isNative = (route: string) => /^\w+ \/api\/v1\/(?!external-mails)/.test(route);
test('every route of the OpenAPI document is decided: open to a key for lists, or refused', () => {
  const known = new Set(routes.map(short));
  for (const route of [...Object.keys(OPEN), ...FILTERED]) expect(known).toContain(route);
});

test('a key for lists is refused on every route about the whole account', async () => {
  const headers = { 'private-key': key, 'public-key': String(keyId), 'x-api-token': key, 'x-api-key': key };
  const closed = routes.filter((route) => !(short(route) in OPEN) && !FILTERED.includes(short(route)));
  expect(closed.length).toBeGreaterThan(60);
  for (const route of closed) {
    const path = route.replace(/\{\w+\}/g, '1');
    // Pages and links in mails need no key.
    if ((await api.call(path, { key: null })).statusCode !== 401) continue;
    const answer = await api.call(path, { key, headers });
    expect([route, answer.statusCode]).toEqual([route, 403]);
    if (isNative(route)) expect(['key_restricted', 'missing_scope']).toContain(answer.json().error.code);
    else expect(answer.body).toMatch(/restricted to lists/);
  }
});

const asked = (route: string, side: 'own' | 'other') => {
  const list = side === 'own' ? own : other;
  const noun = route.split('/')[1] ?? '';
  const more = OPEN[route]?.(list) ?? '';
  const path = route
    .replace('{id}', String(rows[side][noun]))
    .replace('{n}', '1')
    .replace('{email}', `${side}@example.com`)
    .replace(' /', ' /api/v1/');
  const body =
    route.endsWith('/imports') && route.startsWith('POST') ? CSV : typeof more === 'object' ? { payload: more } : {};
  return api.call(`${path}${typeof more === 'string' ? more : ''}`, { key, ...body });
};

test.each(Object.keys(OPEN))('%s is open for the list of the key, and refused for another', async (route) => {
  const refused = await asked(route, 'other');
  expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'key_restricted']);
  expect((await asked(route, 'own')).body).not.toContain('key_restricted');
});

test('a request that names a list nowhere is refused', async () => {
  for (const route of ['GET /subscribers', 'GET /campaigns', 'GET /imports', 'DELETE /subscribers/ada@example.com']) {
    const answer = await api.call(route.replace(' /', ' /api/v1/'), { key });
    expect([route, answer.json().error.code]).toEqual([route, 'key_restricted']);
  }
});

test('a key for lists neither reads nor writes messages, and names no recipient itself', async () => {
  const mail = { to: 'reader@example.com', subject: 'x', text: 'x' };
  const { id } = (await api.call('POST /api/v1/messages', { payload: mail })).json().data;
  for (const [route, payload] of [
    ['POST /api/v1/messages', mail],
    ['POST /api/v1/messages/batch', { messages: [mail] }],
    [`GET /api/v1/messages/${id}`, undefined],
    ['GET /api/v1/messages', undefined],
    ['GET /api/v1/templates', undefined],
    ['GET /api/v1/account/members', undefined],
  ] as const) {
    const answer = await api.call(route, { key, ...(payload && { payload }) });
    expect([route, answer.statusCode, answer.json().error.code]).toEqual([route, 403, 'key_restricted']);
  }
});
