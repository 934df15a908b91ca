import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedReading } from '../../api/metrics/reading.js';
import { useClock } from '../../clock.js';
import { transportHealth } from '../../store/transports/health.js';
import { anApi, type TestApi } from '../support/api/api.js';
import { anAcceptedMessage } from '../support/store/messages.js';

const TOKEN = 'a-token-for-prometheus';
let api: TestApi;
beforeAll(async () => {
  api = await anApi({ METRICS_TOKEN: TOKEN });
});
afterAll(() => api.close());

/** The values of a metric, by its labels. */
async function valuesOf(name: string): Promise<Record<string, number>> {
  const { body } = await api.call('GET /metrics', { key: null, headers: { authorization: `Bearer ${TOKEN}` } });
  const lines = [...body.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
  return Object.fromEntries(lines.map(([, labels = '', value]) => [labels, Number(value)]));
}

type Row = { readonly _id: number } & Readonly<Record<string, unknown>>;
const collection = (name: string) => api.store.db.collection<Row>(name);
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE);
const ahead = (minutes: number) => ago(-minutes);

test('with nothing to do the ages are 0, and there is none of a sweep that has not run', async () => {
  expect(await valuesOf('everpost_messages_oldest_due_seconds')).toEqual({ '': 0 });
  const readers = { 'reader="sequencer"': 0, 'reader="webhooks"': 0 };
  expect(await valuesOf('everpost_event_log_age_seconds')).toEqual(readers);
  expect(await valuesOf('everpost_sweep_age_seconds')).toEqual({});
});

test('the longest-waiting message counts from when it was due, not one that waits for its time', async () => {
  const { account, store } = api;
  const far = { created_at: ago(900), due: ahead(60), sweep_at: ahead(60) };
  await anAcceptedMessage(store, { account, ...far, scheduled_at: ahead(60) });
  const deferred = { outcome: 'deferred', class: 'greylisted', code: '451', reply: '451 later', next: null } as const;
  const attempts = [{ n: 1, at: ago(900).toISOString(), ...deferred }];
  await anAcceptedMessage(store, { account, ...far, state: 'deferred', attempt: 1, attempts });
  expect(await valuesOf('everpost_messages_oldest_due_seconds')).toEqual({ '': 0 });
  await anAcceptedMessage(store, { account, created_at: ago(900), due: ago(20), sweep_at: ahead(1) });
  const age = (await valuesOf('everpost_messages_oldest_due_seconds'))[''] ?? 0;
  expect(Math.round(age / 60)).toBe(20);
  expect(await valuesOf('everpost_messages_open')).toEqual({ '': 3 });
});

test('what waits is counted by kind and reason', async () => {
  const all = await valuesOf('everpost_waiting');
  const counts = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
  // Of the three messages: one is scheduled, one is to be retried, and none of a running worker has taken the third.
  expect(counts).toEqual({
    'kind="message",reason="schedule"': 1,
    'kind="message",reason="retry"': 1,
    'kind="message",reason="worker"': 1,
  });
  expect(all).toMatchObject({ 'kind="campaign",reason="transport"': 0, 'kind="issue",reason="source"': 0 });
});

test('the sweep has an age and troubles', async () => {
  await api.deps.sweepRecords.recordPass([{ part: 'webhooks', error: 'Error: no' }]);
  await api.store.db.collection('sweep').updateOne({}, { $set: { ended_at: ago(7) } });
  expect(Math.round(((await valuesOf('everpost_sweep_age_seconds'))[''] ?? 0) / 60)).toBe(7);
  expect(await valuesOf('everpost_sweep_troubles')).toEqual({ '': 1 });
});

test('the slowest endpoint and the sequencer have the age of their oldest unread event', async () => {
  const { account } = api;
  await collection('event_sequences').insertOne({ _id: account, head: 9, batch: null, from: 0 });
  const events = [3, 4, 5].map((seq) => ({ _id: seq, account, seq, type: 'x', at: ago(60 - 10 * seq) }));
  const unnumbered = { _id: 6, account, append_index: 0, type: 'x', at: ago(2) };
  await collection('events').insertMany([...events, unnumbered]);
  const endpoints = [
    { _id: 1, account, state: 'enabled', cursor: 3 },
    { _id: 2, account, state: 'enabled', cursor: 9 },
    { _id: 3, account, state: 'disabled', cursor: 0 },
  ];
  await collection('endpoints').insertMany(endpoints);
  const ages = await valuesOf('everpost_event_log_age_seconds');
  const minutes = Object.fromEntries(Object.entries(ages).map(([label, age]) => [label, Math.round(age / 60)]));
  expect(minutes).toEqual({ 'reader="sequencer"': 2, 'reader="webhooks"': 20 });
  expect(await api.deps.openWork.waitingEndpoints(5)).toMatchObject([{ _id: 1 }]);
});

test('transports and stopped campaigns are counted by state and reason', async () => {
  const { account } = api;
  const transport = { account, name: 'Relay', version: 1, enabled: true };
  await collection('transports').insertMany([
    { _id: 1, ...transport },
    { _id: 2, ...transport, enabled: false },
  ]);
  const reporter = { process: 'one', use: 'bulk', version: 1 } as const;
  const down = { state: 'down', since: ago(3), error: null, accepted_at: null, next_try: null, in_flight: 0 } as const;
  await transportHealth(api.store, MINUTE).report('1', reporter, down);
  expect(await valuesOf('everpost_transports')).toMatchObject({
    'state="down"': 1,
    'state="unknown"': 1,
    'state="up"': 0,
  });
  expect(await api.deps.openWork.transportStates()).toMatchObject([{ id: 'default' }, { id: '1', state: 'down' }]);
  await collection('campaigns').insertMany([
    { _id: 1, account, state: 'paused', reason: 'engine_stopped' },
    { _id: 2, account, state: 'paused', reason: null },
  ]);
  expect(await valuesOf('everpost_campaigns_stopped')).toEqual({ 'reason="engine_stopped"': 1 });
});

test('a reading is shared for its time, or for twenty times as long as it took', async () => {
  let time = 0;
  const restore = useClock({ monotonic: () => time });
  try {
    let reads = 0;
    let takes = 0;
    const reading = sharedReading(async () => {
      time += takes;
      reads += 1;
      if (reads === 4) throw new Error('no');
      return reads;
    }, 100);
    expect(await Promise.all([reading(), reading()])).toEqual([1, 1]);
    time = 99;
    expect(await reading()).toBe(1);
    time = 100;
    takes = 50;
    expect(await reading()).toBe(2);
    time = 1_149;
    expect(await reading()).toBe(2);
    time = 1_150;
    takes = 0;
    expect([await reading(), reads]).toEqual([3, 3]);
    time += 100;
    expect(await reading()).toBeUndefined();
  } finally {
    restore();
  }
});
