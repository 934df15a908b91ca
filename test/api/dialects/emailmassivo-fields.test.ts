import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../support/api/api.js';
import { aTemplate } from '../../support/api/templates.js';
import { caller } from '../../support/dialects/callers.js';

let api: TestApi;
let ask: ReturnType<typeof caller>;
let templateId: number;

const PERSONS = { to: { email: 'user@example.com' }, from: { email: 'user@example.com' } };
const mail = (over: object = {}) => ({ ...PERSONS, subject: randomUUID(), html: '<p>x</p>', ...over });
const send = (over: object = {}, around: object = {}) =>
  ask('POST /api/v1/external-mails/send', { mail: mail(over), ...around });
const byTemplate = (over: object = {}) =>
  ask('POST /api/v1/external-mails/send-by-template', {
    idempotencyKey: randomUUID(),
    mail: { ...PERSONS, idTemplateMailUser: templateId, ...over },
  });

beforeAll(async () => {
  api = await anApi();
  ask = caller(api, 'x-api-key');
  const contents = { en: { subject: 'From the template', html: '<p>Hello {{ test }}</p>' } };
  templateId = (await aTemplate(api, { contents }, true)).id;
});
afterAll(() => api.close());

describe('attachments that are not a list of files by name', () => {
  const WRONG: readonly [unknown][] = [
    ['zzz'],
    [5],
    [true],
    [{ 'a.txt': 'QUJD' }],
    [[{ 'a.txt': 5 }]],
    [[{ 'a.txt': null }]],
    [['QUJD']],
    [[null]],
    [[{ '': 'QUJD' }]],
    [[{ 'a.txt': 'QUJ' }]],
    [[{ 'a.txt': 'data:text/plain;base64,QUJD' }]],
  ];

  test.each(WRONG)('%j cannot be parsed, in the mail or beside it', async (attachments) => {
    const refusal = { statusCode: 400, message: 'Attachments parse failed', error: 'Bad Request' };
    expect((await send({ attachments })).json()).toEqual(refusal);
    expect((await send({}, { attachments })).json()).toEqual(refusal);
    expect((await byTemplate({ attachments })).json()).toEqual(refusal);
  });

  test('other errors of the request are named beside', async () => {
    const { message } = (await send({ attachments: 'zzz', to: { email: 'not-an-address' } })).json();
    expect(message).toContain('Attachments parse failed');
    expect(message).toContain('must be a valid email address');
  });
});

describe('a value that is empty counts as not given', () => {
  test.each([[''], [null]])('idempotencyKey %j', async (idempotencyKey) => {
    const subject = randomUUID();
    const first = (await send({ subject }, { idempotencyKey })).json();
    expect(first.warning).toContain('idempotencyKey was not provided');
    expect((await send({ subject })).json().uuid).toBe(first.uuid);
  });

  test('every optional field may be null', async () => {
    const none = { previewTitle: null, headers: null, cc: null, bcc: null, text: null, attachments: null };
    expect((await send({ ...none, to: { email: 'user@example.com', name: null } })).statusCode).toBe(200);
    expect((await send({ from: null }, { attachments: null })).statusCode).toBe(200);
    expect((await byTemplate({ subject: null, params: null })).statusCode).toBe(200);
  });

  test.each([[[]], [{}], [null]])('params %j fill nothing', async (params) => {
    expect((await byTemplate({ params })).json()).toEqual({
      uuid: expect.any(String),
      warning: 'The context lacks test: empty in this mail.',
    });
  });

  test('an empty subject is that of the template; params that are a list with values are refused', async () => {
    const { uuid } = (await byTemplate({ subject: '', params: { test: 'you' } })).json();
    expect((await api.call(`GET /api/v1/messages/${uuid}`)).json().data.subject).toBe('From the template');
    expect((await byTemplate({ params: ['you'] })).statusCode).toBe(400);
  });
});

describe('a repetition with another cc', () => {
  test('says that the email was accepted without this recipient, not that it is unavailable', async () => {
    const subject = randomUUID();
    const first = (await send({ subject, cc: 'ana@example.org' })).json();
    const again = (await send({ subject, cc: 'ana@example.org, bo@example.org' })).json();
    expect(again.uuid).toBe(first.uuid);
    expect(again.additionalRecipients).toEqual([
      first.additionalRecipients[0],
      { error: 'This email was accepted before without this recipient' },
    ]);
  });

  test('the same under an idempotencyKey', async () => {
    const idempotencyKey = randomUUID();
    const first = (await send({}, { idempotencyKey })).json();
    const again = (await send({ bcc: 'bo@example.org' }, { idempotencyKey })).json();
    expect(again).toEqual({
      uuid: first.uuid,
      additionalRecipients: [{ error: 'This email was accepted before without this recipient' }],
    });
  });

  test('a suppressed recipient is unavailable, in a repetition too', async () => {
    await api.deps.suppressions.add(api.account, 'away@example.org', 'manual', null);
    const subject = randomUUID();
    for (const cc of ['away@example.org', 'away@example.org']) {
      const { additionalRecipients } = (await send({ subject, cc })).json();
      expect(additionalRecipients).toEqual([{ error: 'Email receiver unavailable' }]);
    }
  });
});
