import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkTokens } from '../../../../mail/tokens/link-tokens.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  recordingCampaignEngine,
  renderCampaign,
  rowOf,
} from '../../../support/api/campaigns.js';

const engine = recordingCampaignEngine();
const IN_A_MONTH = '2126-05-22T13:00:00Z';
let api: TestApi;
let list: number;
let member: number;

const call = async (route: string, payload?: object) => {
  const answer = await api.call(route.replace(' /', ' /api/v1/'), payload && { payload });
  return { status: answer.statusCode, ...answer.json() };
};
const act = (id: number, action: string, payload: object = {}) => call(`POST /campaigns/${id}/${action}`, payload);
/** A campaign that awaits approval: launched and rendered. */
const aRequestedApproval = async (fields: object = {}) => {
  const id = await aCampaign(api, list, { approval: true, ...fields });
  const { data } = await act(id, 'send', {});
  expect(data.state).toBe('awaiting_approval');
  expect(await renderCampaign(api, id)).toBe('rendered');
  return id;
};
const linkOf = async (id: number, who = member) => {
  const row = await rowOf(api, id);
  const { launch = 0, revision = 0 } = row ?? {};
  const link = { campaign: id, launch, revision, letter: row?.rendered ?? '', member: who };
  const token = linkTokens(await api.deps.linkKeys.ring()).forApproval(link);
  return `/approve/${token}`;
};
const open = (url: string) => api.call(`GET ${url}`, { key: null });
const submit = (url: string, form: Record<string, string>) =>
  api.call(`POST ${url}`, {
    key: null,
    payload: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

beforeAll(async () => {
  api = await anApi({}, { engine });
  list = await aListWithSubscriber(api);
  expect((await act(await aCampaign(api, list, { approval: true }), 'send')).error.code).toBe('no_approvers');
  const payload = { name: 'Grace Hopper', email: 'grace@acme.example', role: 'approver' };
  member = (await call('POST /account/members', payload)).data.id;
});
afterAll(() => api.close());

test('a campaign with approval waits at its launch and shows the deadline', async () => {
  const answer = { approval: true, approval_expires_hours: 48 };
  const { data } = await call('POST /campaigns', {
    list_id: list,
    subject: 'x',
    html: '<p>x</p>',
    send: true,
    ...answer,
  });
  expect(data).toMatchObject({ ...answer, state: 'awaiting_approval', status: 'draft', approval_answer: null });
  const hours = (Date.parse(data.approval_expires_at) - Date.parse(data.approval_asked_at)) / 3_600_000;
  expect(hours).toBe(48);
  expect(engine.notified).toContain(data.id);
});

test('GET shows the request and changes nothing; POST approves, once', async () => {
  const id = await aRequestedApproval();
  const url = await linkOf(id);
  const page = await open(url);
  expect([page.statusCode, page.headers['cache-control']]).toEqual([200, 'no-store']);
  for (const part of ['May this mail go out?', '1 people', 'Friday Roundup', 'name="comment"']) {
    expect(page.body).toContain(part);
  }
  expect(page.body).not.toMatch(/<script|grace@acme\.example/);
  expect((await rowOf(api, id))?.state).toBe('awaiting_approval');
  engine.notified.length = 0;
  expect((await submit(url, { do: 'approve', comment: ' Fine. ' })).body).toContain('Approved');
  expect(engine.notified).toEqual([id]);
  const { data } = await call(`GET /campaigns/${id}`);
  expect(data).toMatchObject({
    state: 'freezing',
    approval_asked_at: null,
    approval_answer: { decision: 'approved', member_id: member, comment: 'Fine.', revision: 1 },
  });
  // The second answer comes too late and gets the first one in the response.
  expect((await submit(url, { do: 'reject' })).body).toContain('Approved');
  expect((await rowOf(api, id))?.state).toBe('freezing');
});

test('the letter is shown as the approver would receive it, without an origin', async () => {
  const id = await aRequestedApproval({ html: '<p>Hello {{ first_name }}</p><script>alert(1)</script>' });
  const letter = await open(`${await linkOf(id)}/letter`);
  expect(letter.body).toMatch(/<p[^>]*>Hello Grace<\/p>/);
  expect(letter.headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
});

test('a rejected campaign is a draft again, with the comment; the next launch requests approval again', async () => {
  const id = await aRequestedApproval();
  await submit(await linkOf(id), { do: 'reject', comment: 'Not today' });
  const { data } = await call(`GET /campaigns/${id}`);
  expect(data).toMatchObject({ state: 'draft', reason: 'rejected', approval_answer: { comment: 'Not today' } });
  expect((await act(id, 'send')).data).toMatchObject({ state: 'awaiting_approval', approval_answer: null });
});

test('a link is valid for one content only: a change invalidates it', async () => {
  const id = await aRequestedApproval();
  const url = await linkOf(id);
  await call(`PATCH /campaigns/${id}`, { subject: 'Another' });
  expect((await open(url)).statusCode).toBe(410);
  expect((await submit(url, { do: 'approve' })).statusCode).toBe(410);
  expect((await rowOf(api, id))?.state).toBe('awaiting_approval');
  await renderCampaign(api, id);
  expect((await submit(await linkOf(id), { do: 'approve' })).statusCode).toBe(200);
});

test('an approval is for the rendered letter: later changes of template, brand and list do not affect it', async () => {
  await call('PUT /account/brand', { name: 'Acme', postal_address: '1 Harbour Road' });
  const id = await aRequestedApproval({ preheader: 'Before you open it' });
  const url = await linkOf(id);
  const { data: asking } = await call(`GET /campaigns/${id}`);
  await call('PUT /account/brand', { name: 'Acme', postal_address: '2 Hill Street' });
  await call(`PATCH /lists/${list}`, { name: 'Renamed', defaults: { from: { email: 'other@acme.example' } } });
  const [page, letter] = [await open(url), await open(`${url}/letter`)];
  expect(letter.body).toMatch(/role="presentation"[\s\S]*1 Harbour Road/);
  expect(letter.body).not.toContain('2 Hill Street');
  const { data: preview } = await call(`GET /campaigns/${id}/preview`);
  expect(preview.html).toContain('1 Harbour Road');
  expect(preview.html).not.toContain('2 Hill Street');
  for (const part of ['Before you open it', 'news@everpost.test', 'Newsletter']) expect(page.body).toContain(part);
  expect((await act(id, 'approve', { letter: 'f'.repeat(64) })).error.code).toBe('changed_meanwhile');
  const { data } = await act(id, 'approve', { letter: asking.approval_letter });
  expect(data).toMatchObject({ state: 'freezing', approval_answer: { letter: asking.approval_letter } });
  expect((await rowOf(api, id))?.rendered).toBe(asking.approval_letter);
});

test('a letter cannot be approved before it is rendered, and an approval stays valid after a change of time', async () => {
  const id = await aCampaign(api, list, { approval: true });
  await act(id, 'schedule', { scheduled_at: IN_A_MONTH });
  expect((await act(id, 'approve')).error.code).toBe('busy');
  await renderCampaign(api, id);
  const { data } = await act(id, 'approve');
  const later = await act(id, 'schedule', { scheduled_at: '2126-06-22T13:00:00Z' });
  expect(later.data).toMatchObject({ state: 'scheduled', approval_letter: data.approval_letter });
  expect((await act(id, 'send')).data).toMatchObject({ state: 'freezing', approval_letter: data.approval_letter });
});

test('mail and page are in the language of the list', async () => {
  const german = await aListWithSubscriber(api);
  await call(`PATCH /lists/${german}`, { language: 'de' });
  const id = await aCampaign(api, german, { approval: true });
  await act(id, 'send');
  await renderCampaign(api, id);
  const page = await open(await linkOf(id));
  expect([page.headers['content-language'], page.body]).toEqual(['de', expect.stringContaining('Betreff')]);
});

test('a link is invalid if forged, of a former member, or of a member who is no approver', async () => {
  const id = await aRequestedApproval();
  expect((await open('/approve/AAAA')).statusCode).toBe(404);
  const editor = { name: 'Ed', email: 'ed@acme.example', role: 'editor' };
  const { data } = await call('POST /account/members', editor);
  expect((await submit(await linkOf(id, data.id), { do: 'approve' })).statusCode).toBe(410);
  expect((await submit(await linkOf(id, 999), { do: 'approve' })).statusCode).toBe(410);
  expect((await rowOf(api, id))?.state).toBe('awaiting_approval');
});

test('a change of an approved and scheduled campaign requests approval again', async () => {
  const id = await aCampaign(api, list, { approval: true });
  await act(id, 'schedule', { scheduled_at: IN_A_MONTH });
  await renderCampaign(api, id);
  expect((await act(id, 'approve', { revision: 9 })).error.code).toBe('changed_meanwhile');
  expect((await act(id, 'approve', { revision: 1 })).data.state).toBe('scheduled');
  expect((await call(`PATCH /campaigns/${id}`, { settings: { ttl_hours: 9 } })).data.state).toBe('scheduled');
  const { data } = await call(`PATCH /campaigns/${id}`, { subject: 'Another' });
  expect([data.state, data.scheduled_at]).toEqual(['awaiting_approval', '2126-05-22T13:00:00+00:00']);
  expect((await act(id, 'send')).data.state).toBe('awaiting_approval');
  expect((await act(id, 'cancel')).data).toMatchObject({ state: 'draft', approval_asked_at: null });
  expect((await act(id, 'approve')).error.code).toBe('not_awaiting_approval');
});

test('switching approval off withdraws the request', async () => {
  const id = await aRequestedApproval();
  expect((await call(`PATCH /campaigns/${id}`, { approval: false })).data).toMatchObject({ state: 'draft' });
  expect((await act(id, 'send')).data.state).toBe('freezing');
});

test('a campaign that is resumed after its workflow was ended requests approval again', async () => {
  const id = await aRequestedApproval();
  const row = await rowOf(api, id);
  if (row === null) throw new Error('the campaign is gone');
  await api.deps.campaigns.pause(row, 'engine_stopped');
  expect((await act(id, 'resume')).data.state).toBe('awaiting_approval');
});
