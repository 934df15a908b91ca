import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { events } from '../../../store/events/events.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type Engagements, engagements } from '../../../store/tracking/engagement.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { appendVisits } from '../../support/store/visits.js';

const ACCOUNT = 1;
let database: TestDatabase;
let store: Store;
let read: Engagements;
let campaign = { _id: 100, account: ACCOUNT, list_id: 5 };

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  read = engagements(store);
});
beforeEach(() => {
  campaign = { ...campaign, _id: campaign._id + 1 };
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const visit = (...visits: Parameters<typeof appendVisits>[3]) => appendVisits(store, ACCOUNT, campaign._id, visits);
const MACHINE = { by: 'machine', rule: 'apple_privacy' };

test('without visits all figures are zero', async () => {
  expect(await read.of(campaign)).toMatchObject({ opens: { people: 0, total: 0 }, clicks: { people: 0 }, links: [] });
});

test('each person counts once and each visit counts; machines count separately', async () => {
  await visit(
    ['opened', 1, '2026-05-15T09:00:00Z'],
    ['opened', 1, '2026-05-15T11:30:00Z'],
    ['opened', 2, '2026-05-15T09:59:59Z'],
    ['opened', 2, '2026-05-15T09:00:01Z', MACHINE],
    ['opened', 3, '2026-05-15T09:00:01Z', MACHINE],
    ['clicked', 1, '2026-05-15T11:31:00Z', { link: 2 }],
    ['clicked', 1, '2026-05-15T11:45:00Z', { link: 2 }],
    ['clicked', 2, '2026-05-15T12:00:00Z', { link: 1 }],
  );
  const { opens, clicks, links, hours } = await read.of(campaign);
  expect(opens).toEqual({ people: 2, total: 3, machines: 2, machine_total: 2 });
  expect(clicks).toEqual({ people: 2, total: 3, machines: 0, machine_total: 0 });
  expect(links.map(({ n, people, total }) => [n, people, total])).toEqual([
    [1, 1, 1],
    [2, 1, 2],
  ]);
  expect(
    hours.map(({ at, opens: o, clicks: c }) => [at.toISOString().slice(11, 13), o.people, o.total, c.people, c.total]),
  ).toEqual([
    ['09', 2, 2, 0, 0],
    ['11', 0, 1, 1, 2],
    ['12', 0, 0, 1, 1],
  ]);
});

test('three links of one mail within moments are visits by a machine, the first included', async () => {
  await visit(
    ['clicked', 1, '2026-05-15T09:00:00.0Z', { link: 1 }],
    ['clicked', 1, '2026-05-15T09:00:00.9Z', { link: 2 }],
    ['clicked', 1, '2026-05-15T09:00:01.8Z', { link: 3 }],
    ['clicked', 1, '2026-05-15T09:05:00.0Z', { link: 3 }],
    // Two links by another person, and one link three times by a third: these are people.
    ['clicked', 2, '2026-05-15T09:00:00.0Z', { link: 1 }],
    ['clicked', 2, '2026-05-15T09:00:01.0Z', { link: 2 }],
    ['clicked', 3, '2026-05-15T09:00:00.0Z', { link: 1 }],
    ['clicked', 3, '2026-05-15T09:00:01.0Z', { link: 1 }],
    ['clicked', 3, '2026-05-15T09:00:02.0Z', { link: 1 }],
  );
  expect((await read.of(campaign)).clicks).toEqual({ people: 3, total: 6, machines: 1, machine_total: 3 });
});

test('the figures match the events, also after late events and wrong stored figures', async () => {
  await visit(['opened', 1, '2026-05-15T09:00:00Z']);
  expect((await read.of(campaign)).opens.people).toBe(1);
  // Appended now, with an earlier time.
  await visit(['opened', 2, '2026-05-15T08:00:00Z']);
  expect((await read.of(campaign)).opens.people).toBe(2);
  const figures = store.db.collection<{ _id: number }>('statistics');
  await figures.updateOne({ _id: campaign._id }, { $set: { 'engagement.opens.people': 99 } });
  expect((await read.rollUp(campaign)).opens.people).toBe(2);
  expect((await read.of(campaign)).opens.people).toBe(2);
});

test('departures count if this campaign caused them on its own list', async () => {
  const left = (_id: string, type: string, list_id: number) => ({
    _id: `${campaign._id}:${_id}`,
    account: ACCOUNT,
    campaign: campaign._id,
    subscriber: 1,
    type: `subscriber.${type}`,
    data: { list_id },
  });
  await events(store).append([
    left('a', 'unsubscribed', 5),
    left('b', 'unsubscribed', 6),
    left('c', 'bounced', 5),
    left('d', 'complained', 5),
    { ...left('e', 'unsubscribed', 5), campaign: 1 },
  ]);
  expect(await read.of(campaign)).toMatchObject({ unsubscribes: 1, bounces: 1, complaints: 1 });
});

test('several campaigns are read at once, those of other accounts are not', async () => {
  await visit(['opened', 1, '2026-05-15T09:00:00Z']);
  const other = { ...campaign, _id: campaign._id + 500 };
  const found = await read.ofMany(ACCOUNT, [campaign, other]);
  expect([found.get(campaign._id)?.opens.people, found.get(other._id)?.opens.people]).toEqual([1, 0]);
  expect((await read.of({ ...campaign, account: 2 })).opens.people).toBe(0);
});

test('the number of events is read from an index alone', async () => {
  const plan = await store.db
    .collection('events')
    .aggregate([
      { $match: { account: ACCOUNT, campaign: { $in: [campaign._id] }, type: { $in: ['recipient.opened'] } } },
      { $group: { _id: '$campaign', n: { $sum: 1 } } },
    ])
    .explain('executionStats');
  expect(JSON.stringify(plan)).toContain('"totalDocsExamined":0');
});
