import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownRoutes } from '../../api/hooks/known-routes.js';
import { aList, anApi, type TestApi } from '../support/api/api.js';
import { MAILGUN_KEY } from '../support/mail/provider-documents.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api?.close());

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const deep = nested(20_000);
const json = { 'content-type': 'application/json' };
const refused = { error: { code: 'json_too_deep', message: 'JSON may be nested at most 64 levels deep.' } };

test('every native route with a body refuses one that is nested too deep', async () => {
  const answers: Record<string, unknown> = {};
  for (const { method, url } of knownRoutes(api.app)) {
    if (!url.startsWith('/api/v1/') || !/^(POST|PUT|PATCH|DELETE)$/.test(method)) continue;
    // A dialect has its own error format.
    if (url.startsWith('/api/v1/external-mails')) continue;
    const route = `${method} ${url.replace(/:\w+/g, '1')}`;
    const answer = await api.call(route, { payload: deep, headers: json });
    if (answer.statusCode !== 422 || answer.json().error.code !== 'json_too_deep') answers[route] = answer.json();
  }
  expect(answers).toEqual({});
});

test.each([
  ['POST /api/v1/messages', { to: 'ada@example.com', subject: 'x', text: 'x' }, 'context'],
  ['POST /api/v1/messages', { to: 'ada@example.com', subject: 'x', text: 'x' }, 'metadata'],
  ['POST /api/v1/messages/batch', {}, 'messages'],
  ['PUT /api/v1/newsletters/1/data', {}, 'data'],
])('%s refuses depth within one field, with an Idempotency-Key too', async (route, fields, field) => {
  const payload = `${JSON.stringify({ ...fields, [field]: null }).replace('null', deep)}`;
  const answer = await api.call(route, { payload, headers: { ...json, 'idempotency-key': 'deep' } });
  expect([answer.statusCode, answer.json()]).toEqual([422, refused]);
});

test('a context with the maximum number of levels is accepted and stored', async () => {
  const template = { identifier: 'deep', name: 'Deep', contents: { en: { subject: 'x', html: '<p>{{ a.a }}</p>' } } };
  const made = await api.call('POST /api/v1/templates', { payload: template });
  expect(made.statusCode).toBe(201);
  const { id } = made.json().data;
  await api.call(`POST /api/v1/templates/${id}/publish`);
  const body = JSON.stringify({ from: 'shop@example.com', to: 'ada@example.com', template_id: id, context: null });
  const taken = (levels: number) =>
    api.call('POST /api/v1/messages', { payload: body.replace('null', nested(levels)), headers: json });
  expect((await taken(63)).statusCode).toBe(202);
  expect((await taken(64)).statusCode).toBe(422);
});

test('pushed data of that depth is stored as a document', async () => {
  const list_id = await aList(api);
  const newsletter = { name: 'x', list_id, schedule: { cron: '0 9 * * 5' }, source: { kind: 'data' }, html: 'x' };
  const { id } = (await api.call('POST /api/v1/newsletters', { payload: newsletter })).json().data;
  const payload = `{"data":${nested(63)}}`;
  const answer = await api.call(`PUT /api/v1/newsletters/${id}/data`, { payload, headers: json });
  expect(answer.statusCode).toBe(200);
});

test.each([
  ['envie', 'POST /lists/create', 400],
  ['emailmassivo', 'POST /api/v1/external-mails', 400],
])('%s refuses it in its own format', async (_dialect, route, status) => {
  const headers = { ...json, 'private-key': api.key, 'public-key': String(api.account), 'x-api-key': api.key };
  const answer = await api.call(route, { payload: deep, headers });
  expect(answer.statusCode).toBe(status);
  expect(answer.body).toContain('64 levels');
});

test('JSON in other places has the same limit', async () => {
  const list = await aList(api, { double_opt_in: true });
  const signup = (await api.call(`GET /api/v1/lists/${list}`)).json().data.signup_url;
  const provider = await api.call('PUT /api/v1/providers/mailgun', { payload: { signing_key: MAILGUN_KEY } });
  const form = ['--x', 'Content-Disposition: form-data; name="mapping"', '', deep, '--x', ''].join('\r\n');
  const file = 'Content-Disposition: form-data; name="file"; filename="a.csv"';
  const upload = `${form.slice(0, -2)}\r\n${file}\r\nContent-Type: text/csv\r\n\r\nemail\r\na@example.com\r\n--x--\r\n`;
  const answers = [
    await api.call(`POST ${new URL(signup).pathname}`, { payload: deep, headers: json }),
    await api.call(`POST ${new URL(provider.json().data.url).pathname}`, { payload: deep, headers: json }),
    await api.call(`POST /api/v1/lists/${list}/imports`, {
      payload: upload,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    }),
  ];
  expect(answers.map((answer) => [answer.statusCode, answer.json()])).toEqual(answers.map(() => [422, refused]));
});
