import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, type TestApi } from '../../../support/api/api.js';
import { aCampaign } from '../../../support/api/campaigns.js';
import { aTemplate, RECEIPT } from '../../../support/api/templates.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const at = (id: number, more = '') => `/api/v1/templates/${id}${more}`;
const post = (path: string, payload: object, headers: Record<string, string> = {}) =>
  api.call(`POST ${path}`, { payload, headers });
const codeOf = (answer: { statusCode: number; json(): { error: { code: string } } }) => [
  answer.statusCode,
  answer.json().error.code,
];

test('a template is created once, shown with its languages, changed and removed', async () => {
  const payload = { ...RECEIPT, identifier: 'receipt.v1', category: 'receipt' };
  const made = await post('/api/v1/templates', payload, { 'idempotency-key': 'receipt' });
  expect([made.statusCode, made.headers['etag']]).toEqual([201, '"1"']);
  expect((await post('/api/v1/templates', payload, { 'idempotency-key': 'receipt' })).json()).toEqual(made.json());
  const { id, contents } = made.json().data;
  expect(id).toBeGreaterThan(100);
  expect(contents.pt).toEqual({ ...RECEIPT.contents.pt, preheader: null, mjml: null, text: null });
  expect(made.json().data).toMatchObject({ is_system: false, default_language: 'en', published_version: null });
  const listed = (await api.call('GET /api/v1/templates?category=receipt&per_page=100')).json();
  expect(listed.data.find((one: { id: number }) => one.id === id)).toMatchObject({
    name: 'Receipt',
    is_default: false,
  });
  const changed = await api.call(`PATCH ${at(id)}`, { payload: { name: 'Bill', identifier: null } });
  expect(changed.json().data).toMatchObject({ name: 'Bill', identifier: null, revision: 2, contents });
  expect((await api.call(`DELETE ${at(id)}`)).statusCode).toBe(204);
  expect((await api.call(`GET ${at(id)}`)).statusCode).toBe(404);
  expect((await api.call(`DELETE ${at(id)}`)).statusCode).toBe(404);
});

test('an identifier is unique within the account, and free again after its template is removed', async () => {
  const { id } = await aTemplate(api, { identifier: 'once' });
  const other = await aTemplate(api);
  expect(codeOf(await post('/api/v1/templates', { ...RECEIPT, identifier: 'once' }))).toEqual([
    409,
    'identifier_taken',
  ]);
  const patch = await api.call(`PATCH ${at(other.id)}`, { payload: { identifier: 'once' } });
  expect(codeOf(patch)).toEqual([409, 'identifier_taken']);
  await api.call(`DELETE ${at(id)}`);
  expect((await api.call(`PATCH ${at(other.id)}`, { payload: { identifier: 'once' } })).statusCode).toBe(200);
});

describe('If-Match', () => {
  test('accepts a change based on the latest revision only', async () => {
    const { id } = await aTemplate(api);
    const write = (name: string, tag: string) =>
      api.call(`PATCH ${at(id)}`, { payload: { name }, headers: { 'if-match': tag } });
    const first = await write('First', '"1"');
    expect([first.statusCode, first.headers['etag']]).toEqual([200, '"2"']);
    for (const stale of ['"1"', 'W/"2"', '"22"']) {
      expect(codeOf(await write('Second', stale))).toEqual([412, 'revision_mismatch']);
    }
    expect((await write('Third', '"1", "2"')).statusCode).toBe(200);
    expect((await write('Fourth', '*')).statusCode).toBe(200);
    for (const route of [`DELETE ${at(id)}`, `POST ${at(id, '/publish')}`]) {
      expect(codeOf(await api.call(route, { payload: {}, headers: { 'if-match': '"1"' } }))).toEqual([
        412,
        'revision_mismatch',
      ]);
    }
    expect((await api.call(`GET ${at(id)}`)).json().data).toMatchObject({ name: 'Fourth', revision: 4 });
  });

  test('accepts one of several concurrent changes', async () => {
    const { id } = await aTemplate(api);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        api.call(`PATCH ${at(id)}`, { payload: { name: `Name ${i}` }, headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412, 412, 412, 412]);
  });
});

test.each([
  ['malformed Liquid', { en: { html: '<p>\n{% if x %}</p>' } }, 'contents.en.html', 'line:2, col:1'],
  ['an unknown filter', { en: { html: 'x', subject: '{{ a | shout }}' } }, 'contents.en.subject', 'shout'],
  ['a tag that reads files', { en: { mjml: "<mjml>{% include 'x' %}</mjml>" } }, 'contents.en.mjml', 'include'],
  ['invalid MJML', { en: { mjml: '<p>Hello</p>' } }, 'contents.en.mjml', 'MJML'],
  [
    'an element MJML does not have',
    { en: { mjml: '<mjml><mj-body>\n<mj-nothing></mj-nothing></mj-body></mjml>' } },
    'contents.en.mjml',
    'line 2',
  ],
  ['no body', { en: { subject: 'Hi' } }, 'contents.en.html', 'required'],
  ['two bodies', { en: { html: 'x', mjml: '<mjml></mjml>' } }, 'contents.en.html', 'together'],
  ['no own language', { de: { html: 'x' }, pt: { html: 'x' } }, 'default_language', 'one of the languages'],
  ['an invalid language tag', { English: { html: 'x' } }, 'contents.English', 'language tag'],
  ['nothing', {}, 'contents', 'must not be empty'],
])('%s is refused with its position', async (_, contents, field, words) => {
  const answer = await post('/api/v1/templates', { name: 'Faulty', contents });
  expect(answer.statusCode).toBe(422);
  expect(answer.json().error.errors[field]?.join()).toContain(words);
});

test('a template of an open campaign cannot be removed; one of a sent campaign can', async () => {
  const { id } = await aTemplate(api, {}, true);
  const campaign = await aCampaign(api, await aList(api), { template_id: id });
  expect((await api.call(`GET /api/v1/campaigns/${campaign}`)).json().data.template_id).toBe(id);
  expect(codeOf(await api.call(`DELETE ${at(id)}`))).toEqual([409, 'template_in_use']);
  await api.store.db.collection<{ _id: number }>('campaigns').updateOne({ _id: campaign }, { $set: { state: 'sent' } });
  expect((await api.call(`DELETE ${at(id)}`)).statusCode).toBe(204);
  expect((await api.call(`GET /api/v1/campaigns/${campaign}`)).json().data.template_id).toBe(id);
});

test('a template of a newsletter cannot be removed', async () => {
  const { id } = await aTemplate(api, {}, true);
  const schedule = { cron: '0 9 * * 1' };
  const fields = { name: 'Weekly', list_id: await aList(api), schedule, source: { kind: 'data' }, html: '<p>x</p>' };
  const made = await post('/api/v1/newsletters', { ...fields, template_id: id });
  expect(made.statusCode).toBe(201);
  expect(codeOf(await api.call(`DELETE ${at(id)}`))).toEqual([409, 'template_in_use']);
  await api.call(`DELETE /api/v1/newsletters/${made.json().data.id}`);
  expect((await api.call(`DELETE ${at(id)}`)).statusCode).toBe(204);
});

test('the default is one published template, and falls back when it is removed', async () => {
  const draft = await aTemplate(api);
  const make = (id: number, is_default: boolean) => api.call(`PATCH ${at(id)}`, { payload: { is_default } });
  expect(codeOf(await make(draft.id, true))).toEqual([422, 'template_not_published']);
  const { id } = await aTemplate(api, {}, true);
  expect((await make(id, true)).json().data.is_default).toBe(true);
  expect((await make(draft.id, false)).json().data.is_default).toBe(false);
  expect((await api.call(`GET ${at(id)}`)).json().data.is_default).toBe(true);
  await api.call(`DELETE ${at(id)}`);
  const { data } = (await api.call('GET /api/v1/templates?per_page=100')).json();
  const defaults = data.filter(({ is_default }: { is_default: boolean }) => is_default);
  expect(defaults.map((one: { id: number }) => one.id)).toEqual([1]);
  const campaign = await aCampaign(api, await aList(api));
  expect((await api.call(`GET /api/v1/campaigns/${campaign}`)).json().data.template_id).toBe(1);
});

test('it shows the request of mailbindr, which can be sent as it is', async () => {
  const contents = { en: { subject: 'Hello {{ customer }}', html: '<p>{{ customer }}</p>' } };
  const { id } = await aTemplate(api, { identifier: 'shown-request', contents }, true);
  const { mailbindr_request: shown } = (await api.call(`GET ${at(id)}`)).json().data;
  expect(shown).toMatchObject({ method: 'POST', url: expect.stringMatching(/\/email\/send-email\/$/) });
  expect(shown.headers).toEqual({ 'X-Api-Token': 'YOUR_API_KEY', 'content-type': 'application/json' });
  expect(shown.body).toMatchObject({
    identifier: 'shown-request',
    environment: 'live',
    context: { customer: 'customer' },
  });
  expect(shown.curl).toContain(JSON.stringify(shown.body));
  const headers = { ...shown.headers, 'X-Api-Token': api.key };
  const sent = await api.call('POST /email/send-email/', { key: null, headers, payload: JSON.stringify(shown.body) });
  expect(sent.statusCode, sent.body).toBe(200);
  const { id: unnamed } = await aTemplate(api, { identifier: null, contents });
  expect((await api.call(`GET ${at(unnamed)}`)).json().data.mailbindr_request).toBeNull();
});

test('it shows an example request with every variable of its default language', async () => {
  const { id } = await aTemplate(api, { identifier: 'ready' });
  const { request } = (await api.call(`GET ${at(id)}`)).json().data;
  expect(request).toMatchObject({ method: 'POST', url: expect.stringMatching(/\/api\/v1\/messages$/) });
  expect(request.body).toEqual({
    to: 'ada@example.org',
    identifier: 'ready',
    language: 'en',
    environment: 'testing',
    context: { order: { id: 'id' }, customer: 'customer' },
  });
  expect(request.curl).toContain(JSON.stringify(request.body));
});
