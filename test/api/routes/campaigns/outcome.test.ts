import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../../clock.js';
import type { PageException } from '../../../../domain/campaign/ledger-page.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign } from '../../../support/api/campaigns.js';
import { anException, aPage, insertPages } from '../../../support/store/ledger-pages.js';

let api: TestApi;
let list: number;
const ids: number[] = [];
beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  for (const name of ['ann', 'bob']) ids.push((await aSubscriber(api, list, { email: `${name}@example.com` })).id);
});
afterAll(() => api.close());

/** What the API shows of a campaign in this state, whose mails ended so. */
async function shown(state: 'sent' | 'cancelled', exceptions: readonly PageException[]) {
  const id = await aCampaign(api, list);
  await forceCampaign(api, id, { state, round: 0, recipient_count: 2 });
  const page = { account: api.account, campaign: id, ids, settled: 2, claimed: 2, done: true, exceptions };
  await insertPages(api.store, [aPage(page)]);
  const one = (await api.call(`GET /api/v1/campaigns/${id}`)).json().data;
  const all = (await api.call('GET /api/v1/campaigns')).json().data;
  expect(all.find((row: { id: number }) => row.id === id).outcome).toBe(one.outcome);
  return [one.status, one.outcome];
}

test('campaigns that are all `sent` say how they ended', async () => {
  expect(await shown('sent', [])).toEqual(['sent', 'complete']);
  expect(await shown('sent', [anException({ i: 1, kind: 'failed' })])).toEqual(['sent', 'complete_with_failures']);
  expect(await shown('sent', [anException({ i: 0, kind: 'uncertain' })])).toEqual(['sent', 'uncertain_left']);
  expect(await shown('cancelled', [anException({ i: 1, kind: 'skipped' })])).toEqual(['sent', 'halted']);
});

test('a draft has no outcome', async () => {
  const id = await aCampaign(api, list);
  expect((await api.call(`GET /api/v1/campaigns/${id}`)).json().data).toMatchObject({ status: 'draft', outcome: null });
});

test('a retry that comes too early says from when on it may be asked for', async () => {
  const id = await aCampaign(api, list);
  const closed_at = new Date(Math.floor(now().getTime() / 1_000) * 1_000);
  await forceCampaign(api, id, { state: 'sent', round: 0, closed_at });
  const answer = await api.call(`POST /api/v1/campaigns/${id}/retry`, { payload: { status: 'all' } });
  const { code, message, details } = answer.json().error;
  expect([answer.statusCode, code]).toEqual([409, 'too_early']);
  expect(new Date(details.retry_at).getTime()).toBe(closed_at.getTime() + 15 * 60_000);
  expect(message).toContain(details.retry_at);
});

test('the content of a campaign may be sent under the name under which it is shown', async () => {
  const content = '<p>Hello</p>';
  const made = await api.call('POST /api/v1/campaigns', { payload: { list_id: list, subject: 'x', content } });
  expect([made.statusCode, made.json().data.content]).toEqual([201, content]);
  const path = `PATCH /api/v1/campaigns/${made.json().data.id}`;
  expect((await api.call(path, { payload: { content: '<p>Bye</p>' } })).json().data.content).toBe('<p>Bye</p>');
  const both = await api.call(path, { payload: { content, html: content } });
  expect(both.json().error.errors).toEqual({ content: ['The content is another name of html: give one of them.'] });
});

test('the rate may be named as in the settings', async () => {
  const id = await aCampaign(api, list);
  await forceCampaign(api, id, { state: 'sending', round: 0 });
  const rate = async (payload: object) => (await api.call(`POST /api/v1/campaigns/${id}/rate`, { payload })).json();
  expect((await rate({ rate_per_second: 7 })).data.rate_per_second).toBe(7);
  expect((await rate({ per_second: 8 })).data.rate_per_second).toBe(8);
  expect((await rate({})).error.errors).toEqual({ per_second: ['The per_second field is required.'] });
  expect((await rate({ per_second: 8, rate_per_second: 9 })).error.errors).toHaveProperty('rate_per_second');
});

test('a draft that is chosen after a failed one leaves no reason and no empty name', async () => {
  const id = await aCampaign(api, list, { name: '' });
  await forceCampaign(api, id, { state: 'draft', name: '', subject: '', html: '', reason: 'ai_failed' });
  const text = { subject: 'Tulips', preheader: null, blocks: [{ type: 'paragraph', text: 'Hello' }] };
  const draft = { _id: `${id}:1`, account: api.account, campaign: id, n: 1, state: 'ready', text, given: {} };
  const more = { reason: null, detail: null, said: null, faults: [], voice: null, calls: [], prompt: 'x', links: [] };
  await api.store.db.collection<{ _id: string }>('drafts').insertOne({ ...draft, ...more });
  const chosen = await api.call(`POST /api/v1/campaigns/${id}/drafts/1/choose`, { payload: {} });
  expect(chosen.json().data).toMatchObject({ name: 'Tulips', subject: 'Tulips', reason: null });
});

test('a text by hand after a failed draft leaves no reason and no empty name either', async () => {
  const id = await aCampaign(api, list);
  await forceCampaign(api, id, { state: 'draft', name: '', subject: '', html: '', reason: 'ai_failed' });
  const payload = { subject: 'By hand', html: '<p>x</p>' };
  const after = (await api.call(`PATCH /api/v1/campaigns/${id}`, { payload })).json().data;
  expect(after).toMatchObject({ name: 'By hand', reason: null });
});

test('a test mail to an address that is no member names the address and the way to add it', async () => {
  const id = await aCampaign(api, list);
  const answer = await api.call(`POST /api/v1/campaigns/${id}/test`, { payload: { to: ['who@example.com'] } });
  const { code, message } = answer.json().error;
  expect([answer.statusCode, code]).toEqual([403, 'receiver_not_a_member']);
  expect(message).toMatch(/who@example\.com.*POST \/account\/members/);
  expect(message).not.toMatch(/testing|live/);
});
