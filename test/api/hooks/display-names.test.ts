import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';

let api: TestApi;
let paths: Readonly<Record<string, number>>;

beforeAll(async () => {
  api = await anApi();
  const list = await aList(api);
  const created = async (route: string, payload: object) => (await api.call(route, { payload })).json().data.id;
  const campaign = await created('POST /api/v1/campaigns', { list_id: list, ...LETTER });
  const newsletter = await created('POST /api/v1/newsletters', { ...WEEKLY, list_id: list });
  const client = await created('POST /api/v1/agency/clients', { name: 'Client' });
  await aTemplate(api, {}, true);
  paths = { list, campaign, newsletter, client };
});
afterAll(() => api.close());

const LETTER = { subject: 'x', html: '<p>x</p>' };
const WEEKLY = { ...LETTER, name: 'Weekly', list_id: 1, schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' } };
const MAIL = { to: 'ada@example.org', subject: 'x', text: 'x' };

/** The errors of a request; `:list` and its like stand for ids. */
async function errorsOf(route: string, payload: object): Promise<Readonly<Record<string, string[]>>> {
  const url = route.replace(/:(\w+)/g, (_all, name: string) => String(paths[name]));
  const answer = await api.call(url, { payload });
  expect(answer.statusCode, answer.body).toBe(422);
  return answer.json().error.errors;
}

/** Every field of the native API for a sender or a reply address with its name. */
const SENDERS: readonly (readonly [route: string, field: string, body: (mailbox: unknown) => object])[] = [
  ['POST /api/v1/messages', 'from', (from) => ({ ...MAIL, from })],
  ['POST /api/v1/messages', 'reply_to', (reply_to) => ({ ...MAIL, reply_to })],
  ['POST /api/v1/campaigns', 'from', (from) => ({ ...LETTER, list_id: 1, from })],
  ['PATCH /api/v1/campaigns/:campaign', 'from', (from) => ({ from })],
  ['POST /api/v1/lists', 'defaults.from', (from) => ({ name: 'x', defaults: { from } })],
  ['PATCH /api/v1/lists/:list', 'defaults.from', (from) => ({ defaults: { from } })],
  ['POST /api/v1/newsletters', 'from', (from) => ({ ...WEEKLY, from })],
  ['PATCH /api/v1/newsletters/:newsletter', 'from', (from) => ({ from })],
  ['PATCH /api/v1/account', 'mail_from', (mail_from) => ({ mail_from })],
  ['POST /api/v1/agency/clients', 'mail_from', (mail_from) => ({ name: 'x', mail_from })],
  ['PATCH /api/v1/agency/clients/:client', 'mail_from', (mail_from) => ({ mail_from })],
];

const ADDRESS = 'news@acme.example';

describe.each(SENDERS)('%s, %s', (route, field, body) => {
  test.each([
    ['another address', 'ceo@bank.example'],
    ['another address as an encoded word', '=?utf-8?Q?ceo=40bank.example?='],
    ['another address behind an invisible character', 'ceo\u200b@bank.example'],
  ])('a name that is %s', async (_what, name) => {
    const named = `The ${field}.name must not be another address.`;
    expect(await errorsOf(route, body({ email: ADDRESS, name }))).toEqual({ [`${field}.name`]: [named] });
    const inText = `The name in ${field} must not be another address.`;
    expect(await errorsOf(route, body(`"${name}" <${ADDRESS}>`))).toEqual({ [field]: [inText] });
  });

  test.each([
    ['a line break', 'Acme\nBcc: eve@example.org'],
    ['a control character', 'Acme\u0085'],
    ['a line separator', 'Acme\u2028News'],
    ['a change of direction', 'Acme\u202egnp.exe'],
    ['an isolate', 'Acme\u2066'],
  ])('a name with %s', async (_what, name) => {
    expect(Object.keys(await errorsOf(route, body({ email: ADDRESS, name })))).toEqual([`${field}.name`]);
    expect(Object.keys(await errorsOf(route, body(`"${name}" <${ADDRESS}>`)))).toEqual([field]);
  });

  test('an address that no header can carry', async () => {
    const email = 'jürgen@acme.example';
    const sentence = (at: string) => [`The ${at} must have only ASCII characters before the @.`];
    expect(await errorsOf(route, body({ email }))).toEqual({ [`${field}.email`]: sentence(`${field}.email`) });
    expect(await errorsOf(route, body(email))).toEqual({ [field]: sentence(field) });
  });
});

test.each([
  ['PATCH /api/v1/campaigns/:campaign', 'reply_to', (reply_to: string) => ({ reply_to })],
  ['PATCH /api/v1/lists/:list', 'defaults.reply_to', (reply_to: string) => ({ defaults: { reply_to } })],
  [
    'PATCH /api/v1/lists/:list',
    'notifications.subscribe_to',
    (subscribe_to: string) => ({ notifications: { subscribe_to } }),
  ],
  ['PATCH /api/v1/newsletters/:newsletter', 'reply_to', (reply_to: string) => ({ reply_to })],
])('%s: no header can carry this %s', async (route, field, body) => {
  expect(await errorsOf(route, body('Jürgen <jürgen@acme.example>'))).toEqual({
    [field]: [`The ${field} must have only ASCII characters before the @.`],
  });
});

/** Names that stand in a header or above the text of a mail. */
const NAMES: readonly (readonly [route: string, field: string, body: (name: string) => object])[] = [
  ['POST /api/v1/lists', 'name', (name) => ({ name })],
  ['PATCH /api/v1/lists/:list', 'name', (name) => ({ name })],
  ['PATCH /api/v1/lists/:list', 'company.name', (name) => ({ company: { name } })],
  ['PATCH /api/v1/account', 'name', (name) => ({ name })],
  ['POST /api/v1/agency/clients', 'name', (name) => ({ name })],
  ['PATCH /api/v1/agency/clients/:client', 'name', (name) => ({ name })],
  ['PUT /api/v1/account/brand', 'name', (name) => ({ name })],
  ['POST /api/v1/newsletters', 'name', (name) => ({ ...WEEKLY, name })],
  ['PATCH /api/v1/newsletters/:newsletter', 'name', (name) => ({ name })],
  ['POST /api/v1/campaigns', 'name', (name) => ({ ...LETTER, list_id: 1, name })],
  ['POST /api/v1/account/members', 'name', (name) => ({ name, email: 'ada@example.org', role: 'editor' })],
];

describe.each(NAMES)('%s, %s', (route, field, body) => {
  test.each(['a\nb', 'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u2067b', '\u200b \u200b', ' '])(
    '%j is no name',
    async (name) => {
      const rule = 'must be one line with a visible character, without control characters or changes of direction';
      expect(await errorsOf(route, body(name))).toEqual({ [field]: [`The ${field} ${rule}.`] });
    },
  );
});

test.each(['عربي', 'שלום\u200f', 'Ana 👩‍👩‍👧', 'می\u200cخواهم'])('%j is a name', async (name) => {
  const answer = await api.call('POST /api/v1/lists', {
    payload: { name, defaults: { from: { email: ADDRESS, name } } },
  });
  expect(answer.json().data).toMatchObject({ name, defaults: { from: { name } } });
});
