import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LedgerPage } from '../../../../domain/campaign/ledger-page.js';
import type { TransportHealth } from '../../../../domain/delivery/transport-health.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Message } from '../../../../store/messages/row.js';
import { majorityCollection } from '../../../../store/mongo/connect.js';
import { DEFAULT_TRANSPORT } from '../../../../store/transports/health.js';
import { aClient, aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign } from '../../../support/api/campaigns.js';
import { post } from '../../../support/api/messages.js';
import { aPage, insertPages } from '../../../support/store/ledger-pages.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api?.close());

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);
const REFUSED = 'connect ECONNREFUSED 192.0.2.1:25';
const health = (state: TransportHealth['state'], over: Partial<TransportHealth> = {}): TransportHealth => ({
  ...{ state, since: ago(60), next_try: null, accepted_at: null, in_flight: 0 },
  error: state === 'up' ? null : { at: ago(5), reply: REFUSED, phase: 'connect' },
  ...over,
});
const report = (use: 'bulk' | 'transactional', found: TransportHealth) =>
  api.deps.transportHealth.report(DEFAULT_TRANSPORT, { process: 'one', use, version: 0 }, found);
const gone = (use: 'bulk' | 'transactional') =>
  api.deps.transportHealth.withdraw(DEFAULT_TRANSPORT, { process: 'one', use, version: 0 });

/** A message that was accepted half a minute ago and is as given. */
async function aMessage(over: Partial<Message> = {}, key = api.key): Promise<string> {
  const id = (await post(api, { to: 'ada@example.org', html: '<p>Hi</p>' }, { key })).json().data.id;
  const set = { due: ago(30), created_at: ago(30), ...over };
  await majorityCollection<Message>(api.store, 'messages').updateOne({ _id: id }, { $set: set });
  return id;
}
const waitingOf = async (id: string, key = api.key) =>
  (await api.call(`GET /api/v1/messages/${id}`, { key })).json().data.waiting;

test('a new message waits for nothing, a scheduled one for its time: the response says so', async () => {
  const fields = { to: 'ada@example.org', html: '<p>Hi</p>' };
  expect((await post(api, fields)).json().data.waiting).toBeNull();
  const later = (await post(api, { ...fields, scheduled_at: '2126-05-22T13:00:00Z' })).json().data;
  expect(later.waiting).toMatchObject({ reason: 'schedule', next_try: '2126-05-22T13:00:00+00:00' });
});

test('a message that no worker has taken says since when it is accepted; one that was taken says so', async () => {
  const id = await aMessage();
  const { created_at } = (await api.call(`GET /api/v1/messages/${id}`)).json().data;
  const waiting = await waitingOf(id);
  expect(waiting).toMatchObject({ reason: 'worker', since: created_at, next_try: null });
  expect(waiting.detail).toContain('no worker has taken it');
  const accepted = { _id: `message:${id}:accepted`, account: api.account, type: 'message.accepted' };
  await api.deps.events.append([accepted]);
  expect((await waitingOf(id)).detail).toContain('No running worker');
});

test('while the transport is down its messages say so, with the last reply; the list too', async () => {
  const id = await aMessage();
  await report('transactional', health('down', { next_try: new Date(Date.UTC(2126, 0, 1)) }));
  const waiting = await waitingOf(id);
  expect(waiting).toMatchObject({ reason: 'transport', next_try: '2126-01-01T00:00:00+00:00' });
  expect(waiting.detail).toContain(REFUSED);
  const { data } = (await api.call('GET /api/v1/messages?limit=100')).json();
  expect(data.find((row: { id: string }) => row.id === id).waiting).toEqual(waiting);
  const client = await aClient(api, 'Bakery');
  const ofClient = await waitingOf(await aMessage({}, client.key), client.key);
  expect([ofClient.reason, ofClient.detail.includes('192.0.2.1')]).toEqual(['transport', false]);
  await report('transactional', health('up', { in_flight: 7 }));
  expect(await waitingOf(id)).toMatchObject({ reason: 'queue' });
  await gone('transactional');
});

test('a message whose owner is silent, and one that is due again', async () => {
  const silent = await aMessage({ state: 'sending', token: 't', attempt: 1, seen: ago(40) });
  expect(await waitingOf(silent)).toMatchObject({ reason: 'worker', detail: expect.stringContaining('silent since') });
  const owned = await aMessage({ state: 'sending', token: 't', attempt: 1, seen: ago(5) });
  expect(await waitingOf(owned)).toBeNull();
});

test('a message of an account whose rate is used up', async () => {
  const { account, key } = await aStranger(api);
  await api.call('PATCH /api/v1/account', { key, payload: { rate_per_second: 1 } });
  const id = await aMessage({}, key);
  const bucket = { _id: `account:${account}` as never, level: -1, at: new Date(), granted: 1 };
  await api.store.db.collection('buckets').insertOne(bucket);
  expect(await waitingOf(id, key)).toMatchObject({ reason: 'rate', detail: 'The account allows 1 mails a second.' });
  await api.store.db.collection('buckets').updateOne({ _id: bucket._id }, { $set: { at: ago(60) } });
  expect(await waitingOf(id, key)).toMatchObject({ reason: 'worker' });
});

test('the timeline has one entry where a message was held and one where it went on', async () => {
  const id = await aMessage();
  const held = { _id: `message:${id}:held:0`, account: api.account, type: 'message.held' };
  await api.deps.events.append([{ ...held, data: { message: id, attempt: 1, reason: 'transport', detail: REFUSED } }]);
  const timeline = async () =>
    (await api.call(`GET /api/v1/messages/${id}`))
      .json()
      .data.timeline.map((entry: { event: string; class: string; reply: string }) => [
        entry.event,
        entry.class,
        entry.reply,
      ]);
  const begun = [
    ['accepted', null, null],
    ['held', 'transport', REFUSED],
  ];
  expect(await timeline()).toEqual(begun);
  const sent = { n: 1, at: new Date().toISOString(), outcome: 'sent', class: 'accepted', code: '250' } as const;
  const attempts = [{ ...sent, reply: '250 ok', next: null }];
  const rows = majorityCollection<Message>(api.store, 'messages');
  await rows.updateOne({ _id: id }, { $set: { state: 'sent', attempt: 1, attempts } });
  expect(await timeline()).toEqual([...begun, ['resumed', null, null], ['sent', 'accepted', '250 ok']]);
});

/** A campaign that is sending, as its row and one page show it. */
async function aSendingCampaign(row: Partial<Campaign>, page: Partial<LedgerPage>): Promise<number> {
  const list = await aList(api);
  await aSubscriber(api, list, { email: 'ada@example.org' });
  const id = await aCampaign(api, list, {});
  const round = { takes: [], due: ago(90) };
  const ran = { state: 'sending' as const, launch: 1, round: 0, rounds: [round], updated_at: ago(90), ...row };
  await majorityCollection<Campaign>(api.store, 'campaigns').updateOne({ _id: id }, { $set: ran });
  await insertPages(api.store, [aPage({ account: api.account, campaign: id, ids: [1, 2], ...page })]);
  return id;
}
const ofCampaign = async (id: number) => (await api.call(`GET /api/v1/campaigns/${id}`)).json().data.waiting;

test('a campaign with an owner moves; with a silent one, or with none, it waits for a worker', async () => {
  const owned = await aSendingCampaign({}, { token: 't', seen: ago(5), claimed: 1 });
  expect(await ofCampaign(owned)).toBeNull();
  const silent = await aSendingCampaign({}, { token: 't', seen: ago(45), claimed: 1 });
  expect(await ofCampaign(silent)).toMatchObject({ reason: 'worker', detail: expect.stringContaining('silent since') });
  const idle = await aSendingCampaign({}, {});
  expect(await ofCampaign(idle)).toMatchObject({ reason: 'queue' });
  await majorityCollection<LedgerPage>(api.store, 'ledger').updateMany({}, { $set: { token: null } });
  expect(await ofCampaign(idle)).toMatchObject({ reason: 'worker', detail: 'No worker is working on it.' });
});

test('a campaign that is held shows its reason, its beginning and its next try, alone and in the list', async () => {
  const held = { since: ago(60), at: ago(1), next_try: new Date(Date.UTC(2126, 0, 1)), detail: REFUSED };
  const id = await aSendingCampaign({ reason: 'transport_unavailable', held }, {});
  const waiting = await ofCampaign(id);
  expect(waiting).toMatchObject({ reason: 'transport', next_try: '2126-01-01T00:00:00+00:00' });
  expect(waiting.detail).toContain(REFUSED);
  const { data } = (await api.call('GET /api/v1/campaigns')).json();
  expect(data.find((row: { id: number }) => row.id === id).waiting).toEqual(waiting);
  await api.call(`POST /api/v1/campaigns/${id}/pause`, { payload: {} });
  expect(await ofCampaign(id)).toMatchObject({ reason: 'paused', next_try: null, detail: 'A request paused it.' });
});
