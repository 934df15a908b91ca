import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { aTemplate } from '../../../support/api/templates.js';

const MAIL = { to: 'ada@example.org', subject: 'x', text: 'x' };

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const send = (payload: object) => api.call('POST /api/v1/messages', { payload: { ...MAIL, ...payload } });
const refused = async (payload: object) => (await send(payload)).json().error;

test.each([
  ['manual', /by a request/],
  ['bounce', /after a hard bounce/],
  ['complaint', /after a complaint/],
  ['erased', /person was erased/],
] as const)('a recipient suppressed for %s: the refusal says why and since when', async (reason, words) => {
  const to = `${reason}@example.org`;
  await api.deps.suppressions.add(api.account, to, reason, null);
  const since = (await api.deps.suppressions.find(api.account, to))?.created_at ?? new Date(0);
  const { code, message, details } = await refused({ to });
  expect([code, details.reason]).toEqual(['recipient_suppressed', reason]);
  expect(new Date(details.since).getTime()).toBe(Math.floor(since.getTime() / 1_000) * 1_000);
  expect(message).toMatch(words);
  expect(message).toContain(details.since);
});

describe('an attachment', () => {
  const file = { name: 'a.txt', mime: 'text/plain', data: 'YQ==' };
  test.each(['<logo>', 'cid:logo', 'my logo', '.logo', 'logö', ''])('with the cid %j: what is wrong', async (cid) => {
    const { errors } = await refused({ attachments: [{ ...file, cid }] });
    expect(errors['attachments.0.cid']).toEqual([expect.stringMatching(/letters, digits.*without <, > and cid:/)]);
  });

  test.each(['a/b.txt', '..\\b.txt', 'a\nb.txt', 'a\u202eb.txt'])('with the name %j: what is wrong', async (name) => {
    const { errors } = await refused({ attachments: [{ ...file, name }] });
    expect(errors['attachments.0.name']).toEqual([expect.stringMatching(/without a folder: no slash/)]);
  });
});

describe('a missing variable is named with its whole path', () => {
  test.each([
    ['{{ order.customer.name }}', {}, 'order.customer.name'],
    ['{{ order.customer.name }}', { order: {} }, 'order.customer.name'],
    ['{{ order.customer.name }}', { order: { customer: {} } }, 'order.customer.name'],
    ['{{ order.items[0].price }}', { order: { items: [] } }, 'order.items.0.price'],
    ['{{ code }}', {}, 'code'],
  ])('%s with %j', async (html, context, path) => {
    const { id } = await aTemplate(api, { contents: { en: { subject: 'x', html: `<p>${html}</p>` } } });
    const { to } = MAIL;
    const payload = { to, template_id: id, environment: 'testing', context };
    const { code, errors } = (await api.call('POST /api/v1/messages', { payload })).json().error;
    expect(code).toBe('missing_variables');
    expect(errors).toEqual({ [`context.${path}`]: [`The context.${path} field is required.`] });
  });
});

test('a template is found by its identifier in every path, as a message by its number', async () => {
  const { id } = await aTemplate(api, { identifier: 'order-receipt' }, true);
  const shown = await api.call('GET /api/v1/templates/order-receipt');
  expect([shown.statusCode, shown.json().data.id]).toEqual([200, id]);
  for (const path of ['versions', 'preview'])
    expect((await api.call(`GET /api/v1/templates/order-receipt/${path}`)).statusCode).toBe(200);
  const renamed = await api.call('PATCH /api/v1/templates/order-receipt', { payload: { name: 'Renamed' } });
  expect(renamed.json().data).toMatchObject({ id, name: 'Renamed' });
  for (const unknown of ['nothing', '-1', '1.5', '999999'])
    expect([unknown, (await api.call(`GET /api/v1/templates/${unknown}`)).statusCode]).toEqual([unknown, 404]);
});
