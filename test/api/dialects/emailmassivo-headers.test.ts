import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { caller } from '../../support/dialects/callers.js';
import { documentText } from '../../support/dialects/documents.js';

let api: TestApi;

const MAIL = { to: { email: 'user@example.com' }, from: { email: 'user@example.com' }, subject: 'x', html: '<p>x</p>' };

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

/** The fields of the accepted mail, its Reply-To, and the warning of the response. */
async function accepted(headers: unknown) {
  const payload = { idempotencyKey: randomUUID(), mail: { ...MAIL, headers } };
  const answer = await caller(api, 'x-api-key')('POST /api/v1/external-mails/send', payload);
  expect(answer.statusCode, answer.body).toBe(200);
  const { data } = (await api.call(`GET /api/v1/messages/${answer.json().uuid}`)).json();
  return { headers: data.headers, reply_to: data.reply_to, warning: answer.json().warning };
}

test('only the nine fields that the document names are left out without a word', async () => {
  const [, names = ''] = /set by us have priority, namely: ([^.]+)\./.exec(documentText('emailmassivo')) ?? [];
  const ours = names.split(', ');
  expect(ours).toHaveLength(9);
  const theirs = {
    'X-Order': 4711,
    'Archived-At': '<https://a.example>',
    'List-ID': 'Tea <tea.shop.example>',
    'List-Help': '<https://shop.example/help>',
    'Content-Language': 'de',
    'Auto-Submitted': 'auto-replied',
  };
  const given = { ...Object.fromEntries(ours.map((name) => [name, 'mine'])), ...theirs };
  expect(await accepted(given)).toEqual({
    headers: { ...theirs, 'X-Order': '4711' },
    reply_to: null,
    warning: undefined,
  });
});

test('fields that a mail cannot carry are left out and reported', async () => {
  const given = { Bcc: 'eve@example.org', 'X-A\nB': 'x', From: 'eve@example.org', 'Content-Type': 'text/plain' };
  const { headers, warning } = await accepted(given);
  expect(headers).toEqual({});
  expect(warning).toBe('These headers were left out: Bcc, X-A?B, From, Content-Type.');
});

test.each<[string, unknown]>([
  ['help@shop.example', { email: 'help@shop.example', name: null }],
  ['Café <help@shop.example>', { email: 'help@shop.example', name: 'Café' }],
  ['"Shop, Inc." <help@shop.example>', { email: 'help@shop.example', name: 'Shop, Inc.' }],
])('Reply-To: %s is the reply address of the mail', async (value, reply_to) => {
  expect(await accepted({ 'Reply-To': value })).toEqual({ headers: {}, reply_to, warning: undefined });
  expect((await accepted([{ key: 'reply-to', value }])).reply_to).toEqual(reply_to);
});

test('a Reply-To with several mailboxes is sent as it is; one without any is reported', async () => {
  const several = 'Help <help@shop.example>, desk@shop.example';
  expect((await accepted({ 'Reply-To': several })).headers).toEqual({ 'Reply-To': several });
  for (const invalid of ['not-an-address', 'jürgen@shop.example', '"ceo@bank.example" <a@b.example>, c@d.example']) {
    expect(await accepted({ 'Reply-To': invalid })).toMatchObject({
      headers: {},
      reply_to: null,
      warning: 'These headers were left out: Reply-To.',
    });
  }
});

test.each([[null], [{}], [[]], [{ 'X-A': null }], [[{ key: 'X-A', value: null }]]])(
  'headers may be %j',
  async (none) => {
    expect(await accepted(none)).toMatchObject({ headers: {}, warning: undefined });
  },
);

test('headers have all forms of the page that the document links to', async () => {
  const several = { 'X-Tea': ['green', 'black'], 'X-Cup': { prepared: true, value: 'blue' } };
  expect((await accepted(several)).headers).toEqual({ 'X-Tea': ['green', 'black'], 'X-Cup': 'blue' });
  const listed = [
    { key: 'X-Tea', value: 'green' },
    { key: 'x-tea', value: 'black' },
    { key: 'Importance', value: ['high', 'low'] },
  ];
  const answer = await accepted(listed);
  expect(answer.headers).toEqual({ 'X-Tea': ['green', 'black'] });
  expect(answer.warning).toBe('These headers were left out: Importance.');
});
