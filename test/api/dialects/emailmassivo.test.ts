import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { anApi, aStranger, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';
import { caller } from '../../support/dialects/callers.js';

let api: TestApi;
let ask: ReturnType<typeof caller>;
let templateId: number;
let n = 0;

const MAIL = {
  to: { email: 'user@example.com', name: 'string' },
  from: { email: 'user@example.com', name: 'string' },
  subject: 'string',
  html: '<p>string</p>',
};
const TEXT = Buffer.from('string').toString('base64');

const CLICK = {
  key: null,
  payload: 'List-Unsubscribe=One-Click',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
};

beforeAll(async () => {
  api = await anApi();
  ask = caller(api, 'x-api-key');
  const contents = { en: { subject: 'Hello', html: '<p>{{ test }}</p>' } };
  templateId = (await aTemplate(api, { contents }, true)).id;
});
afterAll(() => api.close());

const post = (body: object, options = {}) => ask('POST /api/v1/external-mails/send', body, options);
const send = (mail: object = {}, around: object = {}, options = {}) =>
  post({ mail: { ...MAIL, ...mail }, ...around }, options);
/** A unique subject, so that no mail is a repetition. */
const fresh = () => {
  n += 1;
  return { subject: `string ${n}` };
};
const shown = async (uuid: string) => (await api.call(`GET /api/v1/messages/${uuid}`)).json().data;

describe('a repetition', () => {
  test('without a key an equal mail within the hour returns the uuid of the first, with a warning', async () => {
    const first = await send();
    expect(first.statusCode).toBe(200);
    expect(first.json()).toEqual({
      uuid: expect.any(String),
      warning: expect.stringContaining('idempotencyKey was not provided'),
    });
    expect((await send()).json().uuid).toBe(first.json().uuid);
    for (const other of [
      { to: { email: 'other@example.com' } },
      { from: { email: 'other@example.com' } },
      { subject: 'other' },
      { html: '<p>other</p>' },
      { attachments: [{ 'a.txt': TEXT }] },
    ]) {
      expect((await send(other)).json().uuid).not.toBe(first.json().uuid);
    }
  });

  test('with another key an equal mail is sent again; with the same key any mail returns the first one', async () => {
    const one = (await send({}, { idempotencyKey: 'one' })).json();
    expect(one).toEqual({ uuid: expect.any(String) });
    const two = (await send({}, { idempotencyKey: 'two' })).json();
    expect(two.uuid).not.toBe(one.uuid);
    expect((await send({}, { idempotencyKey: 'one' })).json().uuid).toBe(one.uuid);
    expect((await send({ subject: 'other' }, { idempotencyKey: 'one' })).json().uuid).toBe(one.uuid);
    expect((await send({}, { idempotencyKey: 'ключ 1' })).json().uuid).not.toBe(one.uuid);
  });

  test('an idempotencyKey never equals an Idempotency-Key of the native route', async () => {
    const headers = { 'idempotency-key': 'met' };
    const native = await api.call('POST /api/v1/messages', {
      payload: { to: 'user@example.com', subject: 'x', text: 'x' },
      headers,
    });
    const { uuid } = (await send({}, { idempotencyKey: 'met' })).json();
    expect(uuid).not.toBe(native.json().data.id);
  });
});

test('every cc and bcc has a result: a uuid, or the error of the address', async () => {
  const mail = { ...fresh(), cc: 'Ana <ana@example.org>, string', bcc: ['bo@example.org', 'ana@example.org'] };
  const { additionalRecipients } = (await send(mail)).json();
  expect(additionalRecipients).toEqual([
    { uuid: expect.any(String) },
    { error: 'Invalid email address' },
    { uuid: expect.any(String) },
    { error: 'Email receiver is named before' },
  ]);
  expect((await shown(additionalRecipients[0].uuid)).to).toEqual({ email: 'ana@example.org', name: 'Ana' });
});

test('attachments may be inside or outside the mail object; a preheader has up to 255 characters', async () => {
  const previewTitle = 'x'.repeat(255);
  const mail = { ...fresh(), previewTitle, attachments: [{ 'in.txt': TEXT }] };
  const { uuid } = (await send(mail, { attachments: [{ 'beside.txt': TEXT, 'more.txt': TEXT }] })).json();
  const { attachments, preheader } = await shown(uuid);
  expect(attachments.map(({ name }: { name: string }) => name)).toEqual(['beside.txt', 'more.txt', 'in.txt']);
  expect(preheader).toBe(previewTitle);
});

test('a template is filled from params, and the request may replace its subject', async () => {
  const { html: _none, ...mail } = MAIL;
  const body = { mail: { ...mail, ...fresh(), idTemplateMailUser: templateId, params: { test: 'filled' } } };
  const answer = await ask('POST /api/v1/external-mails/send-by-template', body);
  const { html, subject } = await shown(answer.json().uuid);
  expect([html.includes('filled'), subject]).toEqual([true, body.mail.subject]);
});

test('a uuid shows the state of the email; that of another account is not found', async () => {
  const { uuid } = (await send(fresh())).json();
  const answer = await ask(`GET /api/v1/external-mails/${uuid}`);
  expect(answer.json()).toMatchObject({ uuid, state: 'accepted', to: 'user@example.com' });
  const { key } = await aStranger(api);
  expect((await ask(`GET /api/v1/external-mails/${uuid}`, undefined, { key })).json()).toEqual({
    statusCode: 404,
    message: 'MailUuid not found',
    error: 'Not Found',
  });
});

test('a recipient who opts out of the mails of a key still gets those of another key', async () => {
  const mail = { ...MAIL, ...fresh(), to: { email: 'left@example.com' } };
  const { number, account } = { ...(await shown((await post({ mail })).json().uuid)), account: api.account };
  const token = linkTokens(await api.deps.linkKeys.ring()).forMessage(account, number, new Date());
  expect((await api.call(`GET /u/m/${token}`, { key: null })).body).toContain('Unsubscribe from example.com?');
  expect((await post({ mail: { ...mail, ...fresh() } })).statusCode).toBe(200);
  expect((await api.call(`POST /u/m/${token}`, CLICK)).statusCode).toBe(200);
  const refused = await post({ mail: { ...mail, ...fresh() } });
  expect(refused.json()).toEqual({
    statusCode: 422,
    message: 'Email receiver unsubscribed from this API key mails',
    error: 'Unprocessable Entity',
  });
  const copied = (await send({ ...fresh(), bcc: 'left@example.com' })).json();
  expect(copied.additionalRecipients).toEqual([{ error: 'Email receiver unavailable' }]);
  const other = (await api.call('POST /api/v1/keys', { payload: { name: 'Other' } })).json().data.key;
  expect((await post({ mail: { ...mail, ...fresh() } }, { key: other })).statusCode).toBe(200);
  expect((await api.call(`POST /u/m/${token.replace(/^./, 'A')}`, CLICK)).statusCode).toBe(404);
  const published = await api.store.db.collection('events').find({ type: 'message.unsubscribed' }).toArray();
  expect(published).toHaveLength(1);
});

test('an opt-out from a key also applies to its rotations', async () => {
  const mail = () => ({ mail: { ...MAIL, ...fresh(), to: { email: 'gone@example.com' } } });
  const exchanged = async (route: string) => (await api.call(`POST /api/v1/keys${route}`, { payload: {} })).json().data;
  const old = (await api.call('POST /api/v1/keys', { payload: { name: 'Old' } })).json().data;
  const { number } = await shown((await post(mail(), { key: old.key })).json().uuid);
  const token = linkTokens(await api.deps.linkKeys.ring()).forMessage(api.account, number, new Date());
  expect((await api.call(`POST /u/m/${token}`, CLICK)).statusCode).toBe(200);
  const rotated = await exchanged(`/${old.id}/rotate`);
  expect((await post(mail(), { key: rotated.key })).statusCode).toBe(422);
  await exchanged(`/${rotated.id}/validate`);
  const reset = await exchanged(`/${rotated.id}/reset`);
  expect((await post(mail(), { key: reset.key })).json().message).toContain('unsubscribed from this API key');
});

test('at most ten requests a second from one IP address', async () => {
  const limited = await anApi({ RATE_LIMIT_PER_MINUTE: '60' });
  try {
    const { key } = limited;
    const once = () =>
      limited.call('POST /api/v1/external-mails/send', {
        key: null,
        headers: { 'x-api-key': key },
        payload: { mail: MAIL },
      });
    const statuses = (await Promise.all(Array.from({ length: 40 }, once))).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(statuses).toContain(429);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  } finally {
    await limited.close();
  }
});
