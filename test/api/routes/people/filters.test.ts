import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LedgerPage } from '../../../../domain/campaign/ledger-page.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import { majorityCollection } from '../../../../store/mongo/connect.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../../support/api/api.js';
import { aCampaign, forceCampaign, freezeCampaign, rowOf } from '../../../support/api/campaigns.js';
import { forceMessage, post } from '../../../support/api/messages.js';

const minute = (n: number) => new Date(Date.UTC(2026, 4, 15, 9, n));

let api: TestApi;
let [list, campaign, ana, bob] = [0, 0, 0, 0];
let message: string;

beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
  ana = (await aSubscriber(api, list, { email: 'Ana@example.org' })).id;
  bob = (await aSubscriber(api, list, { email: 'bob@example.org' })).id;
  campaign = await aCampaign(api, list);
  await freezeCampaign(api, campaign);
  await forceCampaign(api, campaign, { state: 'sent', launched_at: minute(0) });
  const marks = { settled: 2, claimed: 2, done: true };
  await majorityCollection<LedgerPage>(api.store, 'ledger').updateOne({ campaign }, { $set: marks });
  message = (await post(api, { to: 'ana@example.org' })).json().data.id;
  await forceMessage(api, message, { state: 'sent', created_at: minute(30) });
  await api.deps.events.append([
    { account: api.account, _id: `message:${message}:sent`, type: 'message.sent', data: { message } },
  ]);
  await post(api, { to: 'bob@example.org' });
});
afterAll(() => api.close());

const listed = async (path: string, key?: string) => {
  const answer = await api.call(`GET /api/v1/${path}`, key === undefined ? {} : { key });
  expect([path, answer.statusCode]).toEqual([path, 200]);
  return answer.json().data as Record<string, unknown>[];
};
const ANA = ['email=ana@EXAMPLE.org', () => `subscriber_id=${ana}`] as const;
const queries = () => ANA.map((query) => (typeof query === 'string' ? query : query()));

test('recipients: one person, found in the ledger, also in combination with a status', async () => {
  for (const query of queries()) {
    const found = await listed(`campaigns/${campaign}/recipients?${query}`);
    expect(found).toMatchObject([{ subscriber_id: ana, email: 'Ana@example.org', status: 'sent', attempts: 1 }]);
    const all = await listed(`campaigns/${campaign}/recipients`);
    expect(all).toContainEqual(found[0]);
    expect(await listed(`campaigns/${campaign}/recipients?${query}&status=failed`)).toEqual([]);
  }
  expect(await listed(`campaigns/${campaign}/recipients?email=cid@example.org`)).toEqual([]);
  expect(await listed(`campaigns/${campaign}/recipients?subscriber_id=999999`)).toEqual([]);
});

test('events: those of the person’s rows, and by address those of the messages too', async () => {
  const typesIn = async (query: string) => (await listed(`events?${query}`)).map(({ type }) => type);
  expect(await typesIn(`subscriber_id=${ana}`)).toEqual(['subscriber.created']);
  expect(await typesIn('email=ana@example.org')).toEqual(['subscriber.created', 'message.sent']);
  expect(await typesIn('email=ana@example.org&order=desc')).toEqual(['message.sent', 'subscriber.created']);
  expect(await typesIn('email=ana@example.org&type=message.*')).toEqual(['message.sent']);
  expect(await typesIn(`email=bob@example.org&message=${message}`)).toEqual([]);
  expect(await typesIn('email=cid@example.org')).toEqual([]);
  const [first] = await listed('events?email=ana@example.org&limit=1');
  const { data, meta } = (await api.call('GET /api/v1/events?email=ana@example.org&limit=1')).json();
  expect([data, meta.next]).toEqual([[first], first?.['position']]);
  expect(await typesIn(`email=ana@example.org&after=${meta.next}`)).toEqual(['message.sent']);
});

test('sent: the campaigns and messages that reached the person', async () => {
  const names = async (query: string) =>
    (await listed(`sent?${query}`)).map(({ kind, ...one }) => [kind, (one[String(kind)] as { id: unknown }).id]);
  for (const query of queries()) {
    expect(await names(query)).toEqual([
      ['message', message],
      ['campaign', campaign],
    ]);
    expect(await names(`${query}&kind=campaign`)).toEqual([['campaign', campaign]]);
  }
  expect(await names('email=bob@example.org')).toEqual([['campaign', campaign]]);
  expect(await names('email=cid@example.org')).toEqual([]);
  expect(await names('subscriber_id=999999')).toEqual([]);
});

test('sent: a search through very many launches goes on behind `next`, and loses nothing on the way', async () => {
  const { _id: _, ...row } = (await rowOf(api, campaign)) as Campaign;
  const rows = Array.from({ length: 501 }, (_, k) => ({ ...row, _id: 10_000 + k, launched_at: minute(1) }));
  await majorityCollection<Campaign>(api.store, 'campaigns').insertMany(rows);
  const seen: unknown[] = [];
  let pages = 0;
  for (let next: string | null = ''; next !== null; pages += 1) {
    const after: string = next === '' ? '' : `&after=${next}`;
    const { data, meta } = (await api.call(`GET /api/v1/sent?email=ana@example.org${after}`)).json();
    seen.push(...data.map(({ kind }: { kind: string }) => kind));
    next = meta.next;
  }
  expect([pages, seen]).toEqual([2, ['message', 'campaign']]);
  await majorityCollection<Campaign>(api.store, 'campaigns').deleteMany({ _id: { $gte: 10_000 } });
});

test('messages: `email` is another name of `to`; a subscriber id stands for its address', async () => {
  for (const query of [...queries(), 'to=ana@example.org']) {
    expect((await listed(`messages?${query}`)).map(({ id }) => id)).toEqual([message]);
  }
  expect(await listed('messages?subscriber_id=999999')).toEqual([]);
  expect(await listed('messages?email=cid@example.org')).toEqual([]);
});

test('subscribers: the exact address, which `search` does not promise', async () => {
  await aSubscriber(api, list, { email: 'susana@example.org' });
  for (const query of queries()) {
    expect((await listed(`subscribers?${query}`)).map(({ id }) => id)).toEqual([ana]);
  }
  expect(await listed('subscribers?search=ana@example.org')).toHaveLength(2);
  expect(await listed(`subscribers?email=ana@example.org&subscriber_id=${bob}`)).toEqual([]);
});

test('two names of one person at once, or text that is no address, are refused', async () => {
  const both = `email=ana@example.org&subscriber_id=${ana}`;
  for (const path of [
    `campaigns/${campaign}/recipients?${both}`,
    ...['sent', 'messages', 'events'].map((noun) => `${noun}?${both}`),
    `messages?to=ana@example.org&email=ana@example.org`,
    `events?subscriber=${ana}&subscriber_id=${ana}`,
    ...['sent', 'messages', 'events', 'subscribers'].map((noun) => `${noun}?email=ana`),
  ]) {
    const answer = await api.call(`GET /api/v1/${path}`);
    expect([path, answer.json().error?.code]).toEqual([path, 'validation_failed']);
  }
});

test('another account finds nothing by the address or the id', async () => {
  const { key } = await aStranger(api);
  for (const noun of ['sent', 'messages', 'events', 'subscribers']) {
    for (const query of queries()) expect([noun, await listed(`${noun}?${query}`, key)]).toEqual([noun, []]);
  }
  const foreign = await api.call(`GET /api/v1/campaigns/${campaign}/recipients?email=ana@example.org`, { key });
  expect(foreign.statusCode).toBe(403);
});
