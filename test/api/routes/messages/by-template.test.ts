import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anApi, aStranger, type TestApi } from '../../../support/api/api.js';
import { aTemplate } from '../../../support/api/templates.js';

let api: TestApi;
const CONTEXT = { order: { id: 4711 }, customer: 'Ada & Co' };

beforeAll(async () => {
  api = await anApi();
  await aTemplate(api, { identifier: 'receipt-own' }, true);
  const payload = { name: 'Grace', email: 'grace@acme.example', role: 'editor' };
  await api.call('POST /api/v1/account/members', { payload });
});
afterAll(() => api.close());

const send = (fields: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.call('POST /api/v1/messages', {
    payload: { to: 'ada@example.org', identifier: 'receipt-own', context: CONTEXT, ...fields },
    headers,
  });
const whole = async (id: string) => (await api.call(`GET /api/v1/messages/${id}`)).json().data;

test('live sends the published version: filled, escaped and in the requested language', async () => {
  const answer = await send({ language: 'pt-BR' });
  expect([answer.statusCode, answer.json().data]).toMatchObject([
    202,
    { subject: 'Pedido 4711', template: { version: 1, language: 'pt', environment: 'live' } },
  ]);
  const { html, text, headers } = await whole(answer.json().data.id);
  expect(html).toContain('Obrigado, Ada &amp; Co.');
  expect(html).toMatch(/<html[^>]* lang="pt"/);
  expect(text).toContain('Obrigado, Ada & Co.');
  expect(headers).toEqual({});
});

test('HTML in a value of the context is read as HTML by the text part too, with its links', async () => {
  const html = '<p>Dear {{ customer }}</p>{{ body | raw }}';
  await aTemplate(api, { identifier: 'with-html', contents: { en: { subject: 'S', html } } }, true);
  const read = async (body: string) => {
    const answer = await send({ identifier: 'with-html', context: { customer: 'Ada & Co', body } });
    expect([answer.statusCode, answer.json().data.warning]).toEqual([202, undefined]);
    return (await whole(answer.json().data.id)).text.trim();
  };
  expect(await read('<p>x</p><script>y</script>')).toBe('Dear Ada & Co\n\nx');
  expect(await read('<a href="https://x.example/a?b=1&amp;c=2">See</a> <style>p{}</style><b>&lt;3</b>')).toBe(
    'Dear Ada & Co\n\nSee (https://x.example/a?b=1&c=2) <3',
  );
});

test('an accepted message does not change with its template', async () => {
  const { id } = await aTemplate(api, { identifier: 'changing' }, true);
  const sent = (await send({ identifier: 'changing' }, { 'idempotency-key': 'kept' })).json().data;
  const before = await whole(sent.id);
  await api.call(`PATCH /api/v1/templates/${id}`, { payload: { contents: { en: { subject: 'New', html: 'New' } } } });
  await api.call(`POST /api/v1/templates/${id}/publish`, { payload: {} });
  expect(await whole(sent.id)).toEqual(before);
  expect((await send({ identifier: 'changing' })).json().data).toMatchObject({
    subject: 'New',
    template: { version: 2 },
  });
  await api.store.db.collection('stored_responses').deleteMany({});
  expect((await send({ identifier: 'changing' }, { 'idempotency-key': 'kept' })).json().data.id).toBe(sent.id);
});

describe('the environment', () => {
  test('draft sends the draft to members only', async () => {
    const { id } = await aTemplate(api, { contents: { en: { subject: 'One', html: 'One' } } }, true);
    await api.call(`PATCH /api/v1/templates/${id}`, { payload: { contents: { en: { subject: 'Two', html: 'Two' } } } });
    const draft = { identifier: undefined, template_id: id, environment: 'draft' };
    const refused = await send({ ...draft, to: 'ada@example.org' });
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'receiver_not_a_member']);
    const copied = await send({ ...draft, to: 'grace@acme.example', bcc: ['ada@example.org'] });
    expect(copied.statusCode).toBe(403);
    const sent = await send({ ...draft, to: 'Grace@ACME.example' });
    expect(sent.json().data).toMatchObject({ subject: 'Two', template: { version: null, environment: 'draft' } });
  });

  test('testing sends the draft to any recipient, marked as a test', async () => {
    await aTemplate(api, { identifier: 'unpublished' });
    const live = await send({ identifier: 'unpublished' });
    expect([live.statusCode, live.json().error.code]).toEqual([422, 'template_not_published']);
    const sent = (await send({ identifier: 'unpublished', environment: 'testing' })).json().data;
    expect(sent.subject).toBe('[Test] Order 4711');
    expect((await whole(sent.id)).headers).toEqual({ 'X-Everpost-Environment': 'testing' });
  });
});

describe('a missing variable', () => {
  const context = { order: {} };

  test.each([['testing'], ['draft']])('is an error in %s that names it', async (environment) => {
    const answer = await send({ context, environment, to: 'grace@acme.example' });
    expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'missing_variables']);
    expect(Object.keys(answer.json().error.errors)).toEqual(['context.order.id', 'context.customer']);
  });

  test('is a warning in live, in the answer and in the timeline', async () => {
    const { data } = (await send({ context })).json();
    expect(data.warning).toBe('The context lacks order.id, customer: empty in this mail.');
    expect((await whole(data.id)).timeline).toMatchObject([
      { event: 'accepted' },
      { event: 'warning', reply: data.warning },
    ]);
  });
});

test('the subject of the request replaces that of the template and cannot add a header line', async () => {
  expect((await send({ subject: 'Mine' })).json().data.subject).toBe('Mine');
  const context = { order: { id: 'x\r\nBcc: eve@example.org' }, customer: 'A' };
  expect((await send({ context })).json().data.subject).toBe('Order x Bcc: eve@example.org');
});

test.each([
  ['an unknown identifier', { identifier: 'missing' }, 422, 'template_not_found'],
  ['a template that does not exist', { identifier: undefined, template_id: 999_999 }, 422, 'template_not_found'],
  ['both names', { template_id: 1 }, 422, 'validation_failed'],
  ['a body beside it', { html: '<p>x</p>' }, 422, 'validation_failed'],
  ['a context without a template', { identifier: undefined, subject: 'S', text: 'T' }, 422, 'validation_failed'],
  ['an unknown environment', { environment: 'staging' }, 422, 'validation_failed'],
  ['a context too large', { context: { x: 'x'.repeat(300_000) } }, 422, 'validation_failed'],
])('%s is refused', async (_, fields, status, code) => {
  const before = await api.store.db.collection('messages').countDocuments();
  const answer = await send(fields);
  expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
  expect(await api.store.db.collection('messages').countDocuments()).toBe(before);
});

test('a template of another account is not found', async () => {
  const { key } = await aStranger(api);
  const payload = { to: 'ada@example.org', identifier: 'receipt-own' };
  const answer = await api.call('POST /api/v1/messages', { payload, key });
  expect([answer.statusCode, answer.json().error.code]).toEqual([422, 'template_not_found']);
});
