import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../../domain/event-types.js';
import { type EventLog, eventLog } from '../../../store/events/event-log.js';
import { type Event, type Events, events } from '../../../store/events/events.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { inTransaction } from '../../../store/mongo/transaction.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { until } from '../../support/until.js';

let database: TestDatabase;
let store: Store;
let eventStore: Events;
let log: EventLog;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  eventStore = events(store);
  log = eventLog(store);
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

const happened = (account: number, _id: string): Omit<Event, 'at'> => ({ _id, account, type: 'campaign.sent' });

/** Reads on from a sequence number, as a reader of the log does, until there are no more events. */
async function readOn(account: number, after: number, limit = 7): Promise<{ ids: string[]; upTo: number }> {
  const ids: string[] = [];
  for (let upTo = after; ; ) {
    const page = await log.next(account, upTo, EVENT_TYPES, limit);
    ids.push(...page.found.map(({ _id }) => _id));
    if (page.upTo === upTo) return { ids, upTo };
    upTo = page.upTo;
  }
}

test('an event that becomes visible late comes after the events already read, whatever its time', async () => {
  const early = new Date('2026-01-01T00:00:00Z');
  let afterwards = 0;
  await inTransaction(store, async (session) => {
    await eventStore.append([happened(1, 'within')], early, session);
    await eventStore.append([happened(1, 'meanwhile')]);
    expect(await log.assignSequences(1)).toBe(1);
    const read = await readOn(1, 0);
    expect(read.ids).toEqual(['meanwhile']);
    afterwards = read.upTo;
  });
  await log.assignSequences(1);
  expect((await readOn(1, afterwards)).ids).toEqual(['within']);
});

test('with concurrent appends and numbering a reader reads every event once', async () => {
  const names = Array.from({ length: 400 }, (_, n) => `event${n}`);
  const queue = names.values();
  const appending = Array.from({ length: 8 }, async () => {
    for (const name of queue) await eventStore.append([happened(2, name)], new Date(Math.random() * 1e12));
  });
  let appended = false;
  let numbered = false;
  const ordering = Array.from({ length: 3 }, async () => {
    while (!appended) await log.assignSequences(2);
  });
  const read: string[] = [];
  let position = 0;
  const reading = (async () => {
    while (!numbered || (await log.head(2)) > position) {
      const { ids, upTo } = await readOn(2, position);
      read.push(...ids);
      position = upTo;
    }
  })();
  await Promise.all(appending);
  appended = true;
  await Promise.all(ordering);
  // A concurrent call may return while another process still numbers its batch.
  await log.assignSequences(2);
  numbered = true;
  await reading;
  expect(position).toBe(400);
  expect([...read].sort()).toEqual([...names].sort());
});

test('the next process finishes an abandoned batch in the decided order', async () => {
  await eventStore.append(['a', 'b', 'c'].map((name) => happened(3, name)));
  const rows = store.db.collection<{ _id: number; head: number; batch: string[] | null; from: number }>(
    'event_sequences',
  );
  await rows.insertOne({ _id: 3, head: 0, batch: ['c', 'a'], from: 0 });
  await store.db
    .collection<Event>('events')
    .updateOne({ _id: 'c' }, { $set: { seq: 1 }, $unset: { append_index: '' } });
  expect((await readOn(3, 0)).ids).toEqual([]);
  expect(await log.assignSequences(3)).toBe(3);
  expect((await readOn(3, 0)).ids).toEqual(['c', 'a', 'b']);
});

test('new events make the endpoints of their account due before their batch is over', async () => {
  const rows = store.db.collection<{ _id: number; account: number; state: string; sweep_at: Date | null }>('endpoints');
  const endpoint = (_id: number, account: number, state: string) => ({ _id, account, state, sweep_at: null });
  await rows.insertMany([endpoint(1, 4, 'enabled'), endpoint(2, 4, 'disabled'), endpoint(3, 5, 'enabled')]);
  await eventStore.append([happened(4, 'fresh')]);
  await log.assignSequences(4);
  const dueEndpoints = async () => (await rows.find({ sweep_at: { $ne: null } }).toArray()).map(({ _id }) => _id);
  expect(await dueEndpoints()).toEqual([1]);
  // As a process leaves it that dies after its events can be read.
  await rows.updateMany({}, { $set: { sweep_at: null } });
  const heads = store.db.collection<{ _id: number; head: number; batch: string[] | null }>('event_sequences');
  await heads.updateOne({ _id: 4 }, { $set: { batch: ['fresh'] } });
  expect(await log.accountsToSequence()).toContain(4);
  expect(await log.assignSequences(4)).toBe(1);
  expect(await dueEndpoints()).toEqual([1]);
});

test('accounts with unnumbered events are listed', async () => {
  await eventStore.append([happened(6, 'six'), happened(7, 'seven')]);
  await log.assignSequences(6);
  expect(await log.accountsToSequence()).toEqual([7]);
});

test('a watch reports each appended event once', async () => {
  const reported: number[] = [];
  const stream = log.watch((account) => void reported.push(account));
  // The stream is open once the server has answered it; until then the caller checks for events itself.
  await until(async () => {
    await eventStore.append([happened(8, `early ${reported.length} ${Math.random()}`)]);
    return reported.length > 0;
  });
  const before = reported.length;
  await eventStore.append([happened(9, 'one'), happened(9, 'two')]);
  await until(() => reported.filter((account) => account === 9).length === 2);
  expect(reported.slice(before).at(-1)).toBe(9);
  await stream.close();
});
