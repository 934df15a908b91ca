import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Events, events } from '../../../store/events/events.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

const ACCOUNT = 1;
const CAMPAIGN = 7;

let database: TestDatabase;
let store: Store;
let eventStore: Events;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  eventStore = events(store);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const happened = (_id: string, type: string) => ({ _id, account: ACCOUNT, campaign: CAMPAIGN, type });
const storedEvents = async () =>
  (await eventStore.ofCampaign(ACCOUNT, CAMPAIGN)).map(({ _id, type }) => `${_id} ${type}`);

test('a repeated event is stored once, and the new events of the same append are stored', async () => {
  await eventStore.append([happened('a', 'recipient.failed')]);
  await eventStore.append([happened('a', 'recipient.sent'), happened('b', 'recipient.skipped')]);
  expect((await storedEvents()).sort()).toEqual(['a recipient.failed', 'b recipient.skipped']);
});

test('an error other than a duplicate key is thrown', async () => {
  const before = await storedEvents();
  await store.db.command({ collMod: 'events', validator: { type: { $ne: 'recipient.unheard' } } });
  const both = [happened('a', 'recipient.failed'), happened('c', 'recipient.unheard')];
  await expect(eventStore.append(both)).rejects.toThrow();
  expect(await storedEvents()).toEqual(before);
});
