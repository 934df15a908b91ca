import { afterAll, beforeAll, expect, test } from 'vitest';
import { aClient, aList, anApi, type TestApi } from '../../../support/api/api.js';
import { aCampaign } from '../../../support/api/campaigns.js';
import { aTemplate } from '../../../support/api/templates.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ MAIL_FROM: 'Corner shop <hello@corner.example>' });
});
afterAll(() => api.close());

const previewOf = async (id: number, key?: string) =>
  (await api.call(`GET /api/v1/campaigns/${id}/preview`, key === undefined ? {} : { key })).json().data;
const codes = (findings: readonly { readonly code: string }[]) => findings.map(({ code }) => code);

test.each([
  ['the company of its list', { company: { name: 'Acme Inc.' }, defaults: { from: 'News <news@acme.example>' } }, {}],
  ['the sender of its list', { defaults: { from: 'Acme Inc. <news@acme.example>' } }, {}],
  ['its own sender', { defaults: { from: 'News <news@acme.example>' } }, { from: 'Acme Inc. <a@acme.example>' }],
  ['its list', { name: 'Acme Inc.' }, {}],
])('without a brand a campaign shows the name of %s, not the product’s', async (_what, fields, content) => {
  const id = await aCampaign(api, await aList(api, fields), content);
  const { html, text, findings } = await previewOf(id);
  expect(html).toContain('Acme Inc.');
  expect(`${html}${text}`).not.toContain('Everpost');
  expect(findings).toContainEqual(expect.objectContaining({ code: 'brand_not_set', severity: 'warning' }));
  const check = (await api.call(`POST /api/v1/campaigns/${id}/check`, { payload: {} })).json().data;
  expect(check.findings).toContainEqual(expect.objectContaining({ code: 'brand_not_set', where: 'Acme Inc.' }));
  expect(check.ok).toBe(true);
});

test('without a brand a message from a template shows the name of its sender', async () => {
  const contents = { en: { subject: 'x', html: '<p>{{ brand.name }}!</p>' } };
  const { id } = await aTemplate(api, { contents }, true);
  const sent = async (more: object) => {
    const payload = { to: 'ada@example.org', template_id: id, ...more };
    const { data } = (await api.call('POST /api/v1/messages', { payload })).json();
    return (await api.call(`GET /api/v1/messages/${data.id}`)).json().data.html;
  };
  expect(await sent({ from: 'Acme Inc. <a@acme.example>' })).toContain('Acme Inc.!');
  expect(await sent({ from: 'a@acme.example' })).toContain('acme.example!');
  expect(await sent({})).toContain('Corner shop!');
  expect((await api.call(`GET /api/v1/templates/${id}/preview`)).json().data.html).toContain('Corner shop!');
});

test('a name of the account or of the brand is shown, without a finding', async () => {
  const client = await aClient(api, 'Bakery');
  const call: TestApi['call'] = (route, options) => api.call(route, { key: client.key, ...options });
  const id = await aCampaign({ ...api, call }, await aList({ ...api, call }));
  const shown = await previewOf(id, client.key);
  expect(shown.html).toContain('Bakery');
  expect(codes(shown.findings)).not.toContain('brand_not_set');
  const list = await aList(api);
  await api.call('PUT /api/v1/account/brand', { payload: { name: 'Our brand' } });
  const own = await previewOf(await aCampaign(api, list));
  expect(own.html).toContain('Our brand');
  expect(codes(own.findings)).not.toContain('brand_not_set');
});
