import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  forceCampaign,
  recordingCampaignEngine,
  renderCampaign,
  rowOf,
} from '../../../support/api/campaigns.js';

let api: TestApi;
let list: number;
const UNKNOWN = [{ code: 'field_unknown', severity: 'warning', message: expect.any(String), where: 'favourite_colur' }];
const IN_A_MONTH = '2126-05-22T13:00:00Z';

beforeAll(async () => {
  api = await anApi({}, { engine: recordingCampaignEngine() });
  list = await aListWithSubscriber(api);
  await api.call('PUT /api/v1/account/brand', { payload: { name: 'Acme', postal_address: '1 Harbour Road' } });
  await api.call('POST /api/v1/fields', { payload: { name: 'favourite_colour', type: 'text' } });
  await api.call('POST /api/v1/account/members', {
    payload: { name: 'Grace', email: 'g@acme.example', role: 'approver' },
  });
});
afterAll(() => api.close());

const call = async (route: string, payload?: object) => {
  const answer = await api.call(route.replace(' /', ' /api/v1/'), payload && { payload });
  return answer.json().data;
};
const misspelt = (fields: object = {}) =>
  aCampaign(api, list, { html: '<p>{{ favourite_colur }} or {{ favourite_colour }}</p>', ...fields });

test('the check and every launch report an unknown personal field, and it does not block sending', async () => {
  expect(await call(`POST /campaigns/${await misspelt()}/check`, {})).toMatchObject({ ok: true, findings: UNKNOWN });
  const sent = await call(`POST /campaigns/${await misspelt()}/send`, {});
  expect(sent).toMatchObject({ state: 'freezing', findings: UNKNOWN });
  const scheduled = await call(`POST /campaigns/${await misspelt()}/schedule`, { scheduled_at: IN_A_MONTH });
  expect(scheduled).toMatchObject({ state: 'scheduled', findings: UNKNOWN });
  const payload = { list_id: list, subject: 'x', html: '<p>{{ favourite_colur }}</p>', send: true };
  expect(await call('POST /campaigns', payload)).toMatchObject({ state: 'freezing', findings: UNKNOWN });
});

test('the letter that was checked is the one that is sent, also if the brand changes before the first mail', async () => {
  const id = await misspelt();
  await call(`POST /campaigns/${id}/send`, {});
  const launched = await rowOf(api, id);
  expect(launched?.rendered).toMatch(/^[0-9a-f]{64}$/);
  await api.call('PUT /api/v1/account/brand', { payload: { name: 'Another', postal_address: '2 Harbour Road' } });
  expect(await renderCampaign(api, id)).toBe('rendered');
  expect(await rowOf(api, id)).toMatchObject({ rendered: launched?.rendered, findings: launched?.findings });
});

test('the approver sees it too', async () => {
  const id = await misspelt({ approval: true });
  await call(`POST /campaigns/${id}/send`, {});
  await renderCampaign(api, id);
  expect(await call(`GET /campaigns/${id}`)).toMatchObject({ state: 'awaiting_approval', findings: UNKNOWN });
  expect(await call(`POST /campaigns/${id}/approve`, {})).toMatchObject({ state: 'freezing', findings: UNKNOWN });
});

test('a campaign that was scheduled shows the findings that block its launch', async () => {
  const id = await misspelt();
  await call(`POST /campaigns/${id}/schedule`, { scheduled_at: IN_A_MONTH });
  await forceCampaign(api, id, { state: 'freezing', html: '<p><a href="/pricing">Prices</a></p>' });
  expect(await renderCampaign(api, id)).toBe('refused');
  const paused = await call(`GET /campaigns/${id}`);
  expect(paused).toMatchObject({ state: 'paused', reason: 'content_blocked' });
  expect(paused.findings).toContainEqual(expect.objectContaining({ code: 'link_broken', severity: 'error' }));
  expect((await rowOf(api, id))?.round).toBe(-1);
});
