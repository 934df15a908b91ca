import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, aStranger, type TestApi } from '../../support/api/api.js';
import { MAILGUN_KEY, SENDGRID_KEY, TOPIC } from '../../support/mail/provider-documents.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api?.close());

const put = (name: string, payload: Record<string, unknown>, key?: string) =>
  api.call(`PUT /api/v1/providers/${name}`, { payload, ...(key && { key }) });

test('a provider is configured, changed under the same URL, and removed; keys are never shown', async () => {
  const first = (await put('mailgun', { signing_key: MAILGUN_KEY })).json().data;
  expect(first).toMatchObject({ name: 'mailgun', signing_key: '***' });
  expect(new URL(first.url).pathname).toMatch(/^\/inbound\/mailgun\/[\w-]{32}$/);
  expect((await put('mailgun', { signing_key: 'another' })).json().data.url).toBe(first.url);
  expect((await api.call('GET /api/v1/providers')).json().data).toMatchObject([{ name: 'mailgun' }]);
  const kept = JSON.stringify(await api.store.db.collection('providers').find().toArray());
  for (const secret of [MAILGUN_KEY, 'another', first.url.split('/').at(-1)]) expect(kept).not.toContain(secret);
  expect((await api.call('DELETE /api/v1/providers/mailgun')).statusCode).toBe(204);
  expect((await api.call('GET /api/v1/providers/mailgun')).statusCode).toBe(404);
  expect((await api.call('DELETE /api/v1/providers/mailgun')).statusCode).toBe(404);
  expect((await put('mailgun', { signing_key: MAILGUN_KEY })).json().data.url).not.toBe(first.url);
});

test.each<[string, Record<string, unknown>, string[]]>([
  ['ses', {}, ['topic_arn']],
  ['ses', { topic_arn: 'everpost' }, ['topic_arn']],
  ['sendgrid', { public_key: 'AAAA' }, ['public_key']],
  ['mailgun', { signing_key: 'x', topic_arn: TOPIC }, ['topic_arn']],
  ['postmark', { public_key: SENDGRID_KEY }, ['public_key']],
])('%s with %j is refused by field', async (name, payload, fields) => {
  const answer = await put(name, payload);
  expect([answer.statusCode, Object.keys(answer.json().error.errors)]).toEqual([422, fields]);
});

test('a hidden key that is sent back keeps the stored one; without a stored key it is refused', async () => {
  const keyOf = async () => {
    const row = await api.deps.providers.find(api.account, 'mailgun');
    return row && api.deps.providers.opened(row).signing_key;
  };
  const before = await keyOf();
  expect((await put('mailgun', { signing_key: '***' })).statusCode).toBe(200);
  expect([before, await keyOf()]).toEqual([MAILGUN_KEY, MAILGUN_KEY]);
  const refused = await put('postmark', { username: 'ann', password: '***' });
  expect([refused.statusCode, Object.keys(refused.json().error.errors)]).toEqual([422, ['password']]);
});

test('another account has its own providers; an unknown name is 404', async () => {
  const { key } = await aStranger(api);
  const mine = (await put('ses', { topic_arn: TOPIC })).json().data;
  const theirs = (await put('ses', { topic_arn: TOPIC }, key)).json().data;
  expect(theirs.url).not.toBe(mine.url);
  expect((await api.call('DELETE /api/v1/providers/ses', { key })).statusCode).toBe(204);
  expect((await api.call('GET /api/v1/providers/ses')).json().data.url).toBe(mine.url);
  expect((await put('pigeon', {})).statusCode).toBe(404);
});
