import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownRoutes } from '../../api/hooks/known-routes.js';
import { scopeOf } from '../../api/hooks/scopes.js';
import { aList, anApi, type TestApi } from '../support/api/api.js';

const FOREIGN = 'ceo@bank.example';
const OWN = 'news@acme.example';
const WEEKLY = { name: 'Weekly', schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: '<p>x</p>' };
const LETTER = { subject: 'x', html: '<p>x</p>' };
const MAIL = { to: 'ada@example.com', subject: 'x', text: 'x' };

let api: TestApi;
let key: string;
let keyId: number;
/** Lists without a sender, with a sender of another domain, and with an allowed sender. */
let [plain, foreign, own] = [0, 0, 0];
beforeAll(async () => {
  api = await anApi({ MAIL_FROM: 'fallback@other.example' });
  plain = await aList(api);
  foreign = await aList(api, { double_opt_in: true, defaults: { from: { email: FOREIGN } } });
  own = await aList(api, { double_opt_in: true, defaults: { from: { email: OWN } } });
  const issued = await api.call('POST /api/v1/keys', { payload: { name: 'Narrow', domains: ['acme.example'] } });
  ({ key, id: keyId } = issued.json().data);
});
afterAll(() => api?.close());

const as = (route: string, payload?: object) => api.call(route, { key, ...(payload !== undefined && { payload }) });
const made = async (noun: string, payload: object): Promise<number> =>
  (await api.call(`POST /api/v1/${noun}`, { payload })).json().data.id;

/** For each route that sends, prepares or sets up mail: requests that must be refused, as paths and bodies. */
const SENDING: Readonly<Record<string, () => Promise<(readonly [path: string, body?: object])[]>>> = {
  'POST /messages': async () => [
    ['messages', { ...MAIL, from: FOREIGN }],
    ['messages', { ...MAIL, from: { email: FOREIGN } }],
    ['messages', MAIL],
  ],
  'POST /messages/batch': async () => [
    ['messages/batch', { messages: [{ ...MAIL, from: OWN }, MAIL] }],
    ['messages/batch', { messages: [{ ...MAIL, from: `Acme <${FOREIGN}>` }] }],
    ['messages/batch', { messages: [{ ...MAIL, from: 'nonsense' }] }],
  ],
  'POST /lists': async () => [
    ['lists', { name: 'x', defaults: { from: { email: FOREIGN } } }],
    ['lists', { name: 'x', defaults: { from: null } }],
    ['lists', { name: 'x', double_opt_in: true }],
    ['lists', { name: 'x', notifications: { subscribe: true, subscribe_to: 'ada@example.com' } }],
  ],
  'PATCH /lists/:id': async () => [
    [`lists/${own}`, { defaults: { from: { email: FOREIGN } }, double_opt_in: true }],
    [`lists/${own}`, { defaults: { from: null } }],
    [`lists/${own}`, { notifications: { unsubscribe: true } }],
    [`lists/${plain}`, { double_opt_in: true }],
    [`lists/${foreign}`, { name: 'x' }],
  ],
  'POST /campaigns': async () => [
    ['campaigns', { ...LETTER, list_id: own, from: { email: FOREIGN } }],
    ['campaigns', { ...LETTER, list_id: foreign }],
    ['campaigns', { ...LETTER, list_id: plain }],
  ],
  'PATCH /campaigns/:id': async () => {
    const mine = await made('campaigns', { ...LETTER, list_id: plain, from: { email: OWN } });
    return [
      [`campaigns/${mine}`, { from: { email: FOREIGN } }],
      [`campaigns/${mine}`, { from: null }],
      [`campaigns/${await made('campaigns', { ...LETTER, list_id: own })}`, { list_id: foreign }],
      [`campaigns/${await made('campaigns', { ...LETTER, list_id: foreign })}`, { html: '<p>y</p>' }],
    ];
  },
  ...Object.fromEntries(
    ['send', 'schedule', 'resume', 'retry', 'test', 'approve', 'drafts', 'drafts/:n/choose'].map((action) => [
      `POST /campaigns/:id/${action}`,
      async () => [[`campaigns/${await made('campaigns', { ...LETTER, list_id: foreign })}/${action}`, bodyOf(action)]],
    ]),
  ),
  'POST /newsletters': async () => [
    ['newsletters', { ...WEEKLY, list_id: own, from: { email: FOREIGN } }],
    ['newsletters', { ...WEEKLY, list_id: foreign }],
  ],
  'PATCH /newsletters/:id': async () => [
    [`newsletters/${await made('newsletters', { ...WEEKLY, list_id: own })}`, { from: { email: FOREIGN } }],
    [`newsletters/${await made('newsletters', { ...WEEKLY, list_id: own })}`, { list_id: plain }],
  ],
  ...Object.fromEntries(
    ['DELETE ', 'POST /pause', 'POST /resume', 'POST /trigger', 'PUT /data'].map((action) => {
      const [method, path] = action.split(' ', 2);
      const ask = async () => [
        [
          `newsletters/${await made('newsletters', { ...WEEKLY, list_id: foreign })}${path}`,
          ...(method === 'DELETE' ? [] : [path === '/data' ? { data: { a: 1 } } : {}]),
        ] as [string, object?],
      ];
      return [`${method} /newsletters/:id${path}`, ask];
    }),
  ),
};

function bodyOf(action: string): object {
  if (action === 'schedule') return { scheduled_at: '2100-01-01T00:00:00Z' };
  if (action === 'retry') return { status: 'all' };
  if (action === 'test') return { to: ['ada@example.com'] };
  if (action === 'approve') return { revision: 1 };
  return action === 'drafts' ? { prompt: 'Invite people to our spring sale.' } : {};
}

/** Routes that name no sender and send no mail. */
const WITHOUT = [
  ...['cancel', 'check', 'pause', 'preview', 'preview/link', 'rate', 'reject'].map(
    (action) => `POST /campaigns/:id/${action}`,
  ),
  ...['copy', 'preview', 'preview/link', 'publish', 'rollback'].map((action) => `POST /templates/:id/${action}`),
  ...['DELETE /campaigns/:id', 'DELETE /lists/:id', 'DELETE /subscribers/:email', 'DELETE /suppressions/:email'],
  ...['DELETE /templates/:id', 'PATCH /subscribers/:id', 'PATCH /templates/:id', 'POST /inbound/raw'],
  ...['POST /lists/:id/imports', 'POST /messages/:id/cancel', 'POST /subscribers', 'POST /subscribers/batch'],
  ...['POST /suppressions', 'POST /suppressions/batch', 'POST /suppressions/import', 'POST /templates'],
];

test('every changing route open to restricted keys is covered', () => {
  const open = knownRoutes(api.app)
    .filter(({ method, url }) => !/^(GET|HEAD)$/.test(method) && /^\/api\/v1\/(?!external-mails)/.test(url))
    .filter(({ method, url }) => scopeOf(method, url) !== 'admin')
    .map(({ method, url }) => `${method} ${url.replace('/api/v1', '')}`);
  expect([...open].sort()).toEqual([...Object.keys(SENDING), ...WITHOUT].sort());
});

test.each(Object.keys(SENDING))('%s refuses senders of other domains, named or inherited', async (route) => {
  const asked = (await SENDING[route]?.()) ?? [];
  expect(asked.length).toBeGreaterThan(0);
  for (const [path, body] of asked) {
    const answer = await as(`${route.split(' ')[0]} /api/v1/${path.replace(':n', '1')}`, body);
    expect([path, body, answer.json().error?.code]).toEqual([path, body, 'key_restricted']);
  }
});

const ADA = { email: MAIL.to, name: 'Ada' };
const SINGLE = {
  to_name: 'x',
  to_email: MAIL.to,
  reply_to_name: 'x',
  reply_to_email: MAIL.to,
  subject: 'x',
  body: 'x',
};

test.each([
  ['POST /singlesending/create', { ...SINGLE, from_name: 'x', from_email: FOREIGN }],
  ['POST /email/send-email/', { identifier: 'x', receiver: MAIL.to }],
  ['POST /api/v1/external-mails/send', { mail: { to: ADA, from: { ...ADA, email: FOREIGN }, ...LETTER } }],
  ['POST /api/v1/external-mails/send-by-template', { mail: { to: ADA, subject: 'x', idTemplateMailUser: 1 } }],
])('%s of a dialect refuses them too', async (route, payload) => {
  const headers = { 'private-key': key, 'public-key': String(keyId), 'x-api-token': key, 'x-api-key': key };
  const answer = await api.call(route, { key, payload, headers });
  expect(answer.body).toMatch(/not for senders of (bank|other)\.example/);
  expect(answer.statusCode).toBe(403);
});

test.each([
  ['PATCH /api/v1/account', { mail_from: FOREIGN }],
  ['POST /api/v1/agency/clients', { name: 'x', mail_from: FOREIGN }],
])('%s is refused to a restricted key', async (route, payload) => {
  expect((await as(route, payload)).json().error.code).toBe('missing_scope');
});

test('senders of its own domain are accepted, and lists that send no mail need none', async () => {
  const answers = [
    await as('POST /api/v1/messages', { ...MAIL, from: OWN }),
    await as('POST /api/v1/messages/batch', { messages: [{ ...MAIL, from: { email: OWN, name: 'Acme' } }] }),
    await as('POST /api/v1/lists', { name: 'x', double_opt_in: true, defaults: { from: { email: OWN } } }),
    await as(`PATCH /api/v1/lists/${own}`, { name: 'Renamed', defaults: { subject: 'Hello' } }),
    await as(`PATCH /api/v1/lists/${plain}`, { name: 'Renamed' }),
    await as('POST /api/v1/campaigns', { ...LETTER, list_id: own }),
    await as('POST /api/v1/newsletters', { ...WEEKLY, list_id: own }),
  ];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202, 201, 200, 200, 201, 201]);
  const { id } = answers[0]?.json().data ?? {};
  expect((await as(`POST /api/v1/messages/${id}/cancel`)).statusCode).toBe(200);
});
