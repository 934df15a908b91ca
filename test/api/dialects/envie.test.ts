import { MongoNetworkError } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, aStranger, aSubscriber, type Call, type TestApi } from '../../support/api/api.js';
import { caller } from '../../support/dialects/callers.js';
import { documentText } from '../../support/dialects/documents.js';

let api: TestApi;
let uid: string;
let ask: ReturnType<typeof caller>;

const SINGLE = {
  to_name: 'Ada',
  to_email: 'ada@example.org',
  from_name: 'Acme',
  from_email: 'hello@acme.example',
  reply_to_name: 'Help',
  reply_to_email: 'help@acme.example',
  subject: 'Hello',
  body: '<html><body><p>Hello</p></body></html>',
};
const PUBLIC = { headers: { 'public-key': '1' } };

/** The key and its id, or the given pair. */
const envie = (target: TestApi) => {
  const own = caller(target, 'private-key');
  return (route: string, payload?: unknown, options: Call = {}) =>
    own(route, payload, { ...options, headers: { ...PUBLIC.headers, ...options.headers } });
};

beforeAll(async () => {
  api = await anApi();
  ask = envie(api);
  const id = await aList(api, { name: 'First', defaults: { from: { name: 'Acme', email: 'news@acme.example' } } });
  uid = (await api.call(`GET /api/v1/lists/${id}`)).json().data.uid;
  await aSubscriber(api, id, { first_name: 'Alice' });
  await aSubscriber(api, id, { email: 'bo@example.com', last_name: 'Bo' });
  await api.deps.suppressions.add(api.account, 'barred@example.org', 'bounce', null);
});
afterAll(() => api.close());

const send = (fields: object = {}, options: Call = {}) =>
  ask('POST /singlesending/create', { ...SINGLE, ...fields }, options);

describe('lists', () => {
  test('a created list is found by its uid, also by the native API', async () => {
    const made = await ask('POST /lists/create', { general: { name: 'Second', description: 'Of two' } });
    expect([made.statusCode, made.json()]).toEqual([200, { status: 'success', list_uid: expect.any(String) }]);
    const { record } = (await ask('POST /lists/get', { list: made.json().list_uid })).json().data;
    expect(record.general).toMatchObject({ name: 'Second', display_name: 'Second', description: 'Of two' });
    const { data } = (await api.call('GET /api/v1/lists')).json();
    expect(data.map((list: { uid: string }) => list.uid)).toContain(made.json().list_uid);
  });

  test('its settings are shown as text', async () => {
    const { record } = (await ask('POST /lists/get', { list: uid })).json().data;
    expect(record.defaults).toEqual({ from_name: 'Acme', reply_to: '', subject: '' });
    expect(record.notifications).toEqual({ subscribe: 'no', unsubscribe: 'no', subscribe_to: '', unsubscribe_to: '' });
    expect(record.company.country).toEqual({ country_id: '', name: '', code: '' });
  });

  test('lists have pages; 0 means that there is no next page', async () => {
    const first = (await ask('GET /lists/show?per_page=1')).json().data;
    expect(first).toMatchObject({ count: '2', total_pages: 2, current_page: 1, next_page: 2 });
    const last = (await ask('GET /lists/show?per_page=1&page=2')).json().data;
    expect(last).toMatchObject({ current_page: 2, next_page: 0, records: [{ general: { name: 'Second' } }] });
  });

  test('subscribers of a list: the UID is in the path, in the query or in a body', async () => {
    const responses = [
      await ask(`GET /lists/show/${uid}`),
      await ask(`GET /lists/show?UID=${uid}`),
      await ask('POST /lists/show', { UID: uid }),
      await ask('GET /lists/show', { UID: uid }),
    ];
    for (const response of responses) {
      expect(response.json()).toEqual({
        status: 'success',
        data: {
          count: '2',
          total_pages: 1,
          current_page: 1,
          records: [
            expect.objectContaining({ EMAIL: 'alice@example.com', FNAME: 'Alice', LNAME: '', ip_address: '' }),
            expect.objectContaining({ EMAIL: 'bo@example.com', LNAME: 'Bo', status: 'active', source: 'api' }),
          ],
        },
      });
    }
    const page = (await ask(`GET /lists/show/${uid}?per_page=1&page=2`)).json().data;
    expect(page).toMatchObject({ count: '2', total_pages: 2, records: [{ EMAIL: 'bo@example.com' }] });
  });

  test('a key for one list sees only that list', async () => {
    const { key, id } = await aKey({ lists: [1] });
    const own = { key, headers: { 'public-key': String(id) } };
    expect((await ask('GET /lists/show', undefined, own)).json().data.count).toBe('1');
    const made = await ask('POST /lists/create', { general: { name: 'x', description: 'x' } }, own);
    expect(made.statusCode).toBe(403);
  });
});

async function aKey(terms: object): Promise<{ id: number; key: string }> {
  return (await api.call('POST /api/v1/keys', { payload: { name: 'Other', ...terms } })).json().data;
}

test('a single mail is a message: its id is the number, its token the uuid', async () => {
  const attachments = [
    { data: Buffer.from('a,b').toString('base64'), name: 'report.v2', mime: 'text/plain' },
    { data: Buffer.from('a,b').toString('base64'), name: 'plain.txt', mime: 'text/plain' },
  ];
  const answer = await send({ attachments, plain_text: 'Hello' });
  const message = { id: expect.any(Number), token: expect.any(String) };
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'success', message }]);
  const { id, token } = answer.json().message;
  const shown = (await api.call(`GET /api/v1/messages/${id}`)).json().data;
  expect(shown).toMatchObject({
    id: token,
    from: { name: 'Acme', email: 'hello@acme.example' },
    reply_to: { name: 'Help', email: 'help@acme.example' },
    text: 'Hello',
    track: true,
    attachments: [{ name: 'report.v2.txt' }, { name: 'plain.txt' }],
  });
});

const BYTE_ORDER_MARK = Buffer.from([0xff, 0xfe]);

test.each<[string, string, Buffer]>([
  ['a PDF after a line break', 'application/pdf', Buffer.from('\r\n%PDF-1.4\n%\u00e2\u00e3')],
  ['a PDF after a byte order mark', 'application/pdf', Buffer.from('\ufeff%PDF-1.4')],
  ['HTML for Excel', 'application/excel', Buffer.from('<html><table><tr><td>1</td></tr></table></html>')],
  ['CSV for Excel', 'application/excel', Buffer.from('a;b\r\n1;2\r\n')],
  ['XML for Excel', 'application/excel', Buffer.from('<?xml version="1.0"?><Workbook/>')],
  ['UTF-16 with a mark', 'text/plain', Buffer.concat([BYTE_ORDER_MARK, Buffer.from('Olá', 'utf16le')])],
  ['UTF-16 without a mark', 'text/plain', Buffer.from('Total: 1', 'utf16le')],
  ['UTF-16 of the other order', 'text/plain', Buffer.from('Total: 1', 'utf16le').swap16()],
  ['a text with an end-of-file mark', 'text/plain', Buffer.from('a,b\x1a')],
])('%s is accepted as %s', async (_what, mime, bytes) => {
  const answer = await send({ attachments: [{ data: bytes.toString('base64'), name: 'a', mime }] });
  expect(answer.statusCode, answer.body).toBe(200);
});

test('plain_text and attachments may be null, and names are those of the mail', async () => {
  const answer = await send({ plain_text: null, attachments: null, to_name: 'Zé' });
  expect(answer.statusCode, answer.body).toBe(200);
  const { data } = (await api.call(`GET /api/v1/messages/${answer.json().message.id}`)).json();
  expect(data).toMatchObject({ to: { name: 'Zé' }, text: null, attachments: [] });
});

interface Case {
  readonly status: number;
  readonly what: string;
  readonly provoke: () => Promise<{ statusCode: number; json(): unknown }>;
}

/** Every row of the error table of the document, with a request that provokes it. */
const CASES: readonly Case[] = [
  { status: 400, what: 'a field is missing', provoke: () => send({ subject: undefined }) },
  { status: 400, what: 'a type that is not accepted', provoke: () => send({ attachments: [file('video/mp4')] }) },
  { status: 400, what: 'a type of native messages only', provoke: () => send({ attachments: [file('text/csv')] }) },
  { status: 400, what: 'two files of one name', provoke: () => send({ attachments: [file(), file()] }) },
  { status: 400, what: 'one name for two types', provoke: () => send({ attachments: [file(), pdf('same')] }) },
  {
    status: 400,
    what: 'one name with and without its extension',
    provoke: () => send({ attachments: [file(), pdf('SAME.pdf')] }),
  },
  ...['to_name', 'from_name', 'reply_to_name', 'subject', 'body'].flatMap((field): Case[] => [
    { status: 400, what: `an empty ${field}`, provoke: () => send({ [field]: '' }) },
    { status: 400, what: `a ${field} of blanks`, provoke: () => send({ [field]: ' \u00a0 ' }) },
    { status: 400, what: `no ${field}`, provoke: () => send({ [field]: null }) },
  ]),
  { status: 401, what: 'no keys', provoke: () => send({}, { key: null }) },
  { status: 401, what: 'keys that do not match', provoke: () => send({}, { headers: { 'public-key': '2' } }) },
  { status: 403, what: 'a key that may only read', provoke: reader },
  { status: 403, what: 'the list of another account', provoke: otherAccount },
  { status: 404, what: 'no such endpoint', provoke: () => ask('POST /lists/nothing', {}) },
  { status: 404, what: 'no such list', provoke: () => ask('POST /lists/get', { list: 'missing' }) },
  { status: 405, what: 'another method', provoke: () => ask('PUT /lists/create', {}) },
  { status: 406, what: 'no JSON by its type', provoke: () => raw('name=x', 'application/x-www-form-urlencoded') },
  { status: 406, what: 'no JSON by its content', provoke: () => raw('{"general":', 'application/json') },
  { status: 409, what: 'a suppressed address', provoke: () => send({ to_email: 'barred@example.org' }) },
  { status: 429, what: 'too many requests', provoke: tooMany },
  { status: 500, what: 'a bug', provoke: () => failing(new Error('a bug')) },
  { status: 503, what: 'the store is away', provoke: () => failing(new MongoNetworkError('away')) },
];

function file(mime = 'text/plain') {
  return { data: 'QUJD', name: 'same', mime };
}

function pdf(name: string) {
  return { data: Buffer.from('%PDF-1.4').toString('base64'), name, mime: 'application/pdf' };
}

function raw(payload: string, type: string) {
  return ask('POST /lists/create', undefined, { payload, headers: { 'content-type': type } });
}

async function reader() {
  const { id, key } = await aKey({ scopes: ['read'] });
  return send({}, { key, headers: { 'public-key': String(id) } });
}

async function otherAccount() {
  const { account, key } = await aStranger(api);
  const [{ _id } = { _id: 0 }] = await api.deps.keys.ofAccount(account);
  return ask(`GET /lists/show/${uid}`, undefined, { key, headers: { 'public-key': String(_id) } });
}

async function failing(error: Error) {
  const { ofAccount } = api.deps.lists;
  const throwing = async () => {
    throw error;
  };
  Object.assign(api.deps.lists, { ofAccount: throwing });
  const answer = await ask('GET /lists/show');
  Object.assign(api.deps.lists, { ofAccount });
  return answer;
}

async function tooMany() {
  const limited = await anApi({ RATE_LIMIT_PER_MINUTE: '1' });
  try {
    await envie(limited)('GET /lists/show');
    return await envie(limited)('GET /lists/show');
  } finally {
    await limited.close();
  }
}

test.each(CASES)('$status: $what', async ({ status, provoke }) => {
  const answer = await provoke();
  expect(answer.json()).toEqual({ status: 'error', error: expect.stringMatching(/\w/) });
  expect(answer.statusCode).toBe(status);
});

test('every row of the error table is covered', () => {
  const [, table = ''] = documentText('envie').split('Os seguintes erros podem ser retornados pela API:');
  const documented = [...table.matchAll(/^(\d{3}) /gm)].map(([, status]) => Number(status));
  expect(documented).toHaveLength(10);
  expect([...new Set(CASES.map(({ status }) => status))]).toEqual(documented);
});
