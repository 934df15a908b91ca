import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';
import {
  aCampaign,
  aListWithSubscriber,
  forceCampaign,
  LETTER,
  recordingCampaignEngine,
  rowOf,
} from '../../../support/api/campaigns.js';
import { aPage, insertPages } from '../../../support/store/ledger-pages.js';

const engine = recordingCampaignEngine();
let api: TestApi;
let list: number;

beforeAll(async () => {
  api = await anApi({}, { engine });
  list = await aListWithSubscriber(api);
});
afterAll(() => api.close());

const post = (payload: object, headers: Record<string, string> = {}) =>
  api.call('POST /api/v1/campaigns', { payload, headers });

describe('creating', () => {
  test('a campaign from HTML is a draft with every documented field', async () => {
    const answer = await post({ list_id: list, ...LETTER });
    expect(answer.statusCode).toBe(201);
    const { data } = answer.json();
    expect(data).toMatchObject({
      name: 'Friday Roundup',
      preheader: null,
      status: 'draft',
      state: 'draft',
      list_id: list,
      template_id: 1,
      creation_method: 'html',
      from: null,
      reply_to: null,
      settings: { rate_per_second: null, on_uncertain: 'hold', track_opens: true, track_clicks: true, ttl_hours: 72 },
      recipient_count: 0,
      emails_sent: 0,
      emails_failed: 0,
      opens: 0,
      clicks: 0,
      stats: { recipients: 0, pending: 0, sent: 0, rounds: 0 },
      scheduled_at: null,
      sent_at: null,
      content: LETTER.html,
      text: null,
    });
    expect(data.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    expect((await api.call(`GET /api/v1/campaigns/${data.id}`)).json().data).toEqual(data);
  });

  test('sender, settings and text are kept as given; the subject may come from the list', async () => {
    const withSubject = await aList(api, { defaults: { subject: 'From the list' } });
    const from = { name: 'Acme', email: 'news@acme.example' };
    const { html } = LETTER;
    const said = { text: 'Hello', from, reply_to: 'us@acme.example', name: 'Internal', preheader: 'Look' };
    const { data } = (await post({ list_id: withSubject, html, ...said, settings: { rate_per_second: 50 } })).json();
    expect(data).toMatchObject({ ...said, content: html, subject: 'From the list', rate_per_second: 50 });
  });

  test.each([
    ['no list', { ...LETTER }, ['list_id']],
    ['a list that is not there', { list_id: 999_999, ...LETTER }, ['list_id']],
    ['neither html nor ai, and no subject', {}, ['html', 'subject']],
    ['both html and ai', { ...LETTER, ai: { prompt: 'Announce it' } }, ['html']],
    ['a prompt too short', { ai: { prompt: 'Hi' } }, ['ai.prompt']],
    ['a long preheader', { ...LETTER, preheader: 'x'.repeat(151) }, ['preheader']],
    ['a template that is not there', { ...LETTER, template_id: 999_999 }, ['template_id']],
    ['an approval', { ...LETTER, approval: 'required' }, ['approval']],
    [
      'malformed Liquid',
      { subject: '{{ first_name', html: '<p>{% if %}</p>', text: '{{ a | nofilter }}' },
      ['subject', 'html', 'text'],
    ],
    ['a time that has passed', { ...LETTER, scheduled_at: '2020-05-22T13:00:00Z' }, ['scheduled_at']],
    ['a day that is not there', { ...LETTER, scheduled_at: '2126-02-30T13:00:00Z' }, ['scheduled_at']],
    ['a sender that cannot send', { ...LETTER, from: { email: 'münchen@example.com' } }, ['from.email']],
    ['a subject of two lines', { ...LETTER, subject: 'a\r\nBcc: b@example.com' }, ['subject']],
    ['an unknown setting', { ...LETTER, settings: { speed: 3 } }, ['settings.speed']],
  ])('%s is refused by name', async (_, fields, at) => {
    const answer = await post({ ...(at[0] !== 'list_id' && { list_id: list }), ...fields });
    expect(answer.statusCode).toBe(422);
    expect(Object.keys(answer.json().error.errors).sort()).toEqual([...at].sort());
  });

  test('AI is not available yet: 402', async () => {
    const answer = await post({ list_id: list, ai: { prompt: 'Announce our new pricing tiers.' }, send: true });
    expect([answer.statusCode, answer.json().error.code]).toEqual([402, 'ai_not_available']);
  });

  test('send queues it at once; a time schedules it instead', async () => {
    engine.notified.length = 0;
    const now = (await post({ list_id: list, ...LETTER, send: true })).json().data;
    const later = (
      await post({ list_id: list, ...LETTER, send: true, scheduled_at: '2126-05-22T15:00:00+02:00' })
    ).json().data;
    expect(now).toMatchObject({ status: 'sending', state: 'freezing' });
    expect(later).toMatchObject({ status: 'scheduled', scheduled_at: '2126-05-22T13:00:00+00:00' });
    expect(engine.notified).toEqual([now.id, later.id]);
  });

  test('sending to an empty list is refused and creates nothing; a draft stays a draft', async () => {
    const empty = await aList(api);
    await aSubscriber(api, empty, { email: 'gone@example.com' });
    await api.deps.suppressions.add(api.account, 'gone@example.com', 'manual', null);
    const refused = await post({ list_id: empty, ...LETTER, send: true });
    expect([refused.statusCode, refused.json().error.code]).toEqual([422, 'no_recipients']);
    const id = await aCampaign(api, empty);
    expect((await api.call(`POST /api/v1/campaigns/${id}/send`)).json().error.code).toBe('no_recipients');
    const { data, meta } = (await api.call(`GET /api/v1/campaigns?list_id=${empty}`)).json();
    expect([meta.total, data[0].state]).toEqual([1, 'draft']);
  });

  test('two posts with one Idempotency-Key make one campaign', async () => {
    const key = { 'idempotency-key': 'friday-roundup' };
    const own = await aLivelyListOf('once@example.com');
    const first = await post({ list_id: own, ...LETTER, send: true }, key);
    const second = await post({ list_id: own, ...LETTER, send: true }, key);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(second.json()).toEqual(first.json());
    // The response was lost in a crash: a retry with the same key finds the campaign.
    await api.store.db
      .collection('stored_responses')
      .updateMany({}, { $set: { state: 'in_flight', since: new Date(0) } });
    const third = await post({ list_id: own, ...LETTER, send: true }, key);
    expect(third.json().data).toMatchObject({ id: first.json().data.id, state: 'freezing' });
    expect((await api.call(`GET /api/v1/campaigns?list_id=${own}`)).json().meta.total).toBe(1);
    expect(await rowOf(api, first.json().data.id)).toMatchObject({ launch: 1 });
  });

  test('a send whose answer was lost in a crash is answered under its key, not refused as already sending', async () => {
    const own = await aLivelyListOf('launched@example.com');
    const id = await aCampaign(api, own);
    const send = () => api.call(`POST /api/v1/campaigns/${id}/send`, { headers: { 'idempotency-key': 'launch-it' } });
    await send();
    await api.store.db
      .collection('stored_responses')
      .updateMany({}, { $set: { state: 'in_flight', since: new Date(0) } });
    const again = await send();
    expect([again.statusCode, again.json().data.state]).toEqual([200, 'freezing']);
    expect(await rowOf(api, id)).toMatchObject({ launch: 1 });
    const other = await api.call(`POST /api/v1/campaigns/${id}/send`, { headers: { 'idempotency-key': 'another' } });
    expect(other.json().error.code).toBe('already_sending');
  });
});

async function aLivelyListOf(email: string): Promise<number> {
  const own = await aList(api);
  await aSubscriber(api, own, { email });
  return own;
}

describe('listing', () => {
  test('status and state filter, newest first, without content; cancelled counts by what was sent', async () => {
    const own = await aList(api);
    const ids: Record<string, number> = {};
    for (const name of ['draft', 'unsent', 'partly', 'sent', 'sending'])
      ids[name] = await aCampaign(api, own, { name });
    await forceCampaign(api, ids['unsent'] ?? 0, { state: 'cancelled' });
    await forceCampaign(api, ids['partly'] ?? 0, { state: 'cancelled' });
    await forceCampaign(api, ids['sent'] ?? 0, { state: 'sent' });
    await forceCampaign(api, ids['sending'] ?? 0, { state: 'paused' });
    const page = { account: api.account, ids: [1, 2], done: true };
    await insertPages(api.store, [
      aPage({ ...page, campaign: ids['unsent'] ?? 0 }),
      aPage({ ...page, campaign: ids['partly'] ?? 0, claimed: 1, settled: 1 }),
    ]);
    const names = async (query: string) => {
      const { data, meta } = (await api.call(`GET /api/v1/campaigns?list_id=${own}&${query}`)).json();
      expect(meta.total).toBe(data.length);
      return data.map((row: { name: string }) => row.name);
    };
    expect(await names('status=draft')).toEqual(['unsent', 'draft']);
    expect(await names('status=sent')).toEqual(['sent', 'partly']);
    expect(await names('status=sending')).toEqual(['sending']);
    expect(await names('status=failed')).toEqual([]);
    expect(await names('state=cancelled')).toEqual(['partly', 'unsent']);
    expect(await names('status=sent&state=cancelled')).toEqual(['partly']);
    expect(await names('status=sending&state=sent')).toEqual([]);
    const { data, meta } = (await api.call(`GET /api/v1/campaigns?list_id=${own}&per_page=2&page=2`)).json();
    expect(data.map((row: { name: string }) => row.name)).toEqual(['partly', 'unsent']);
    expect(data[0]).toMatchObject({ status: 'sent', emails_sent: 1, stats: { recipients: 2, skipped: 1 } });
    expect(data[0]).not.toHaveProperty('content');
    expect(meta).toEqual({ current_page: 2, per_page: 2, last_page: 3, total: 5 });
  });

  test('an unknown status is refused, a page has 20 at most unless asked', async () => {
    expect((await api.call('GET /api/v1/campaigns?status=paused')).statusCode).toBe(422);
    expect((await api.call('GET /api/v1/campaigns?per_page=101')).statusCode).toBe(422);
    expect((await api.call('GET /api/v1/campaigns')).json().meta.per_page).toBe(20);
  });
});

test('every request for a campaign of another account is forbidden', async () => {
  const stranger = await aStranger(api);
  const id = await aCampaign(api, list);
  const routes = ['GET', 'PATCH', 'DELETE'].map((method) => `${method} /api/v1/campaigns/${id}`);
  const actions = ['send', 'schedule', 'pause', 'resume', 'cancel', 'rate', 'retry'];
  const bodies: Record<string, object> = {
    schedule: { scheduled_at: null },
    rate: { per_second: 1 },
    retry: { status: 'all' },
  };
  for (const route of [...routes, `GET /api/v1/campaigns/${id}/recipients`]) {
    expect((await api.call(route, { key: stranger.key })).statusCode, route).toBe(403);
  }
  for (const action of actions) {
    const payload = bodies[action] ?? {};
    const answer = await api.call(`POST /api/v1/campaigns/${id}/${action}`, { key: stranger.key, payload });
    expect(answer.statusCode, action).toBe(403);
  }
  expect((await api.call('GET /api/v1/campaigns', { key: stranger.key })).json().meta.total).toBe(0);
  expect(await rowOf(api, id)).toMatchObject({ state: 'draft', revision: 1 });
});
