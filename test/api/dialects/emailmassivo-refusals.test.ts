import { MongoNetworkError } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aClient, anApi, type Call, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';
import { caller } from '../../support/dialects/callers.js';
import { documentText } from '../../support/dialects/documents.js';

let api: TestApi;
let verifying: TestApi;
let unpublished: number;
let broken: number;
let ended: string;
let spent: string;

const UNKNOWN = 'evp_ThisIsNoKeyOfAnybodyAtAllButItLooksLike1';
const SEND = 'POST /api/v1/external-mails/send';
const BY_TEMPLATE = 'POST /api/v1/external-mails/send-by-template';
const ENVELOPE = { to: { email: 'user@example.com' }, from: { email: 'user@example.com' }, subject: 'string' };
const mail = (over: object = {}) => ({ mail: { ...ENVELOPE, html: 'string', ...over } });
const byTemplate = (idTemplateMailUser: number, params = {}) => ({ mail: { ...ENVELOPE, idTemplateMailUser, params } });
const to = (email: string) => mail({ to: { email } });
const file = (name: string, data: string) => mail({ attachments: [{ [name]: data }] });

beforeAll(async () => {
  api = await anApi({ ATTACHMENT_BYTES: '100' });
  verifying = await anApi({ REQUIRE_VERIFIED_DOMAINS: 'on' });
  unpublished = (await aTemplate(api)).id;
  const contents = { en: { subject: 'x', html: '{% for i in (1..9000000) %}{{ test }}{% endfor %}' } };
  broken = (await aTemplate(api, { contents }, true)).id;
  const { data } = (await api.call('POST /api/v1/keys', { payload: { name: 'Ended' } })).json();
  ended = data.key;
  await api.call(`DELETE /api/v1/keys/${data.id}`);
  const client = await aClient(api, 'Spent');
  const payload = { plan: { emails_per_month: 0 } };
  await api.call(`PATCH /api/v1/agency/clients/${client.account}`, { payload });
  spent = client.key;
  await api.deps.suppressions.add(api.account, 'complained@example.com', 'complaint', null);
  await api.deps.suppressions.add(api.account, 'gone@example.com', 'bounce', null);
  await api.deps.suppressions.add(api.account, 'away@example.com', 'manual', null);
});
afterAll(() => Promise.all([api?.close(), verifying?.close()]));

interface Case {
  readonly status: number;
  /** The message of the document; undefined where it has only a status. */
  readonly message?: string;
  readonly ask: () => readonly [route: string, body?: object, options?: Call];
  readonly at?: () => TestApi;
}

/** Every status and message of the document, with a request that provokes it. */
const CASES: readonly Case[] = [
  { status: 400, ask: () => [SEND, mail({ to: { email: 'invalid' } })] },
  { status: 400, ask: () => [SEND, mail({ previewTitle: 'x'.repeat(256) })] },
  { status: 400, ask: () => [SEND, mail({ nonsense: 1 })] },
  { status: 400, message: 'Attachments parse failed', ask: () => [SEND, file('a.txt', 'no base64!')] },
  { status: 400, message: 'Attachments size more than allowed', ask: () => [SEND, file('a.txt', 'QUJD'.repeat(50))] },
  { status: 400, message: 'Attachments type forbidden', ask: () => [SEND, file('a.exe', 'QUJD')] },
  { status: 400, message: 'HTML template is not valid', ask: () => [BY_TEMPLATE, byTemplate(broken, { test: 1 })] },
  { status: 401, message: 'Invalid API key', ask: () => [SEND, mail(), { key: null }] },
  { status: 401, message: 'Invalid API key', ask: () => [SEND, mail(), { key: 'short' }] },
  { status: 402, message: 'Not enough resources on the user balance', ask: () => [SEND, mail(), { key: spent }] },
  { status: 403, message: 'API key is not active', ask: () => [SEND, mail(), { key: ended }] },
  { status: 404, message: 'ExternalMailApiKey not found', ask: () => [SEND, mail(), { key: UNKNOWN }] },
  { status: 404, message: 'User Domain not found', ask: () => [SEND, mail()], at: () => verifying },
  { status: 404, message: 'TemplateMailUser not found by id', ask: () => [BY_TEMPLATE, byTemplate(999_999)] },
  { status: 404, message: 'MailUuid not found', ask: () => ['GET /api/v1/external-mails/0-0'] },
  {
    status: 422,
    message: 'Email receiver complained from this API key mails',
    ask: () => [SEND, to('complained@example.com')],
  },
  { status: 422, message: "Email receiver doesn't exist", ask: () => [SEND, to('gone@example.com')] },
  { status: 422, message: 'Email receiver unavailable', ask: () => [SEND, to('away@example.com')] },
  { status: 422, message: 'Template not found by templateId', ask: () => [BY_TEMPLATE, byTemplate(unpublished)] },
];

test.each(CASES)('$status $message', async ({ status, message, ask, at = () => api }) => {
  const [route, body, options] = ask();
  const answer = await caller(at(), 'x-api-key')(route, body, options);
  expect(answer.json()).toEqual({
    statusCode: status,
    message: message ?? expect.any(String),
    error: expect.any(String),
  });
  expect(answer.statusCode).toBe(status);
});

test.each([
  [500, 'Internal server error', new Error('a bug')],
  [503, 'Email processing service is temporarily unavailable', new MongoNetworkError('the store is away')],
])('%i', async (status, message, error) => {
  const { find } = api.deps.messages;
  const failing = async () => {
    throw error;
  };
  Object.assign(api.deps.messages, { find: failing });
  const answer = await caller(api, 'x-api-key')('GET /api/v1/external-mails/0-0');
  Object.assign(api.deps.messages, { find });
  expect(answer.json()).toMatchObject({ statusCode: status, message });
});

/** Covered by the tests of opt-outs. */
const ELSEWHERE = ['Email receiver unsubscribed from this API key mails'];

test('every message and status of the document is covered', () => {
  const text = documentText('emailmassivo');
  const statuses = [...text.matchAll(/^(\d{3}) [A-Z].* \|$/gm)].map(([, status]) => Number(status));
  expect(statuses).toEqual([200, ...new Set(CASES.map(({ status }) => status)), 500, 503]);
  const [, tables = ''] = /(^Possible messages:[\s\S]*?)^Email Sending Route with Template/m.exec(text) ?? [];
  const messages = [...tables.matchAll(/^([^|\n]+) \|\n.+ \|$/gm)].map(([, message = '']) => message);
  expect(messages).toHaveLength(13);
  const provoked = [...CASES.map(({ message }) => message), ...ELSEWHERE];
  expect(messages.filter((message) => !provoked.includes(message))).toEqual([]);
});
