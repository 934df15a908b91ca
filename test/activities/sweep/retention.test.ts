import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { notifyListOwners } from '../../../activities/sweep/list-notices.js';
import { runNightlyRetention } from '../../../activities/sweep/retention.js';
import { useClock } from '../../../clock.js';
import { listNotices } from '../../../store/lists/notices.js';
import { toOrAbout } from '../../../store/messages/messages.js';
import { retention } from '../../../store/retention/retention.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../support/api/api.js';
import { rows } from '../../support/api/messages.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
beforeEach(async () => {
  for (const name of ['messages', 'contents', 'events', 'nightly_runs', 'erasures', 'blobs.files'])
    await api.store.db.collection(name).deleteMany({});
});
afterAll(() => api.close());

const NOON = new Date('2031-05-10T12:00:00Z').getTime();
const DAY = 86_400_000;

/** Runs on the given day, counted from noon of the first. */
async function onDay<T>(day: number, work: () => Promise<T>): Promise<T> {
  const back = useClock({ now: () => new Date(NOON + day * DAY) });
  try {
    return await work();
  } finally {
    back();
  }
}

const nightlyRun = (day: number, keptDays = { events: 30, messages: 30 }) =>
  onDay(day, () => runNightlyRetention({ retention: retention(api.store), config: { retentionDays: keptDays } }));
const count = (name: string, filter: object = {}) => api.store.db.collection(name).countDocuments(filter);
/** Too large for the row of a message. */
const LARGE = 'a long text '.repeat(1_500);
const FILE = { name: 'a.txt', mime: 'text/plain', data: Buffer.from('a file').toString('base64') };

async function aMessage(day: number, state: string, fields: object = {}): Promise<string> {
  const payload = { to: 'ann@example.com', subject: 'Hello', text: `day ${day}`, ...fields };
  const { id } = (await onDay(day, () => api.call('POST /api/v1/messages', { payload }))).json().data;
  const sweep_at = state === 'accepted' ? new Date(NOON) : null;
  await api.store.db.collection<{ _id: string }>('messages').updateOne({ _id: id }, { $set: { state, sweep_at } });
  return id;
}

test('old ended messages are deleted with contents and files; the others stay', async () => {
  await aMessage(0, 'sent', { attachments: [FILE] });
  await aMessage(0, 'sent', { text: LARGE });
  await aMessage(0, 'accepted', { text: `accepted ${LARGE}` });
  const young = await aMessage(20, 'sent', { text: `young ${LARGE}` });
  await nightlyRun(0);
  await nightlyRun(31);
  expect(await count('messages')).toBe(2);
  expect(await count('messages', { _id: young })).toBe(1);
  expect(await count('contents', { _id: /:content:/ })).toBe(2);
  expect([await count('contents', { _id: /:file:/ }), await count('blobs.files')]).toEqual([0, 0]);
});

test('the usage of a month stays when its messages are deleted', async () => {
  await aMessage(0, 'sent');
  await aMessage(0, 'failed');
  await nightlyRun(0);
  const used = async () =>
    (await onDay(40, () => api.call('GET /api/v1/account/usage?month=2031-05'))).json().data.emails.used;
  const before = await used();
  await nightlyRun(40);
  await nightlyRun(41);
  expect([await count('messages'), await used()]).toEqual([0, before]);
  expect(before).toBeGreaterThan(0);
});

test('contents and files that a younger message shares are kept', async () => {
  const same = { text: 'the same', attachments: [FILE] };
  await aMessage(0, 'sent', same);
  await aMessage(29, 'sent', same);
  await nightlyRun(0);
  await nightlyRun(35);
  expect([await count('messages'), await count('contents')]).toEqual([1, 2]);
});

test('old events are deleted, and the event log returns how many', async () => {
  const list = await onDay(0, () => aList(api));
  for (const n of [1, 2, 3]) await onDay(0, () => aSubscriber(api, list, { email: `old${n}@example.com` }));
  await onDay(20, () => aSubscriber(api, list, { email: 'young@example.com' }));
  await onDay(21, () => api.call('GET /api/v1/events'));
  await nightlyRun(0);
  await nightlyRun(31);
  const { data, meta } = (await api.call('GET /api/v1/events?after=0')).json();
  expect([data.length, meta.forgotten]).toEqual([1, 3]);
});

test('a nightly run is claimed once, and again an hour later if it was not finished', async () => {
  const { claimNightlyRun, finishNightlyRun } = retention(api.store);
  const at = (hours: number, work: () => Promise<unknown>) => onDay(hours / 24, work);
  expect(await at(0, claimNightlyRun)).toBe(false);
  expect([await at(15, claimNightlyRun), await at(15, claimNightlyRun), await at(15.5, claimNightlyRun)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(await at(16, claimNightlyRun)).toBe(true);
  await at(16, finishNightlyRun);
  expect([await at(17, claimNightlyRun), await at(39, claimNightlyRun)]).toEqual([false, true]);
});

test('a nightly run that is too long for one pass continues in the next', async () => {
  for (let n = 0; n < 2; n++) await aMessage(0, 'sent');
  const list = await onDay(0, () => aList(api));
  await onDay(0, () => aSubscriber(api, list, { email: 'old@example.com' }));
  await onDay(1, () => api.call('GET /api/v1/events'));
  await nightlyRun(0);
  const pass = () =>
    onDay(31, () =>
      runNightlyRetention(
        { retention: retention(api.store), config: { retentionDays: { events: 30, messages: 30 } } },
        0,
      ),
    );
  await pass();
  expect([await count('events', { seq: { $exists: true } }), await count('messages')]).toEqual([0, 2]);
  await pass();
  expect(await count('messages')).toBe(0);
});

test('without a setting nothing is ever deleted', async () => {
  await aMessage(0, 'sent', { text: LARGE });
  await nightlyRun(0, { events: 0, messages: 0 });
  await nightlyRun(4_000, { events: 0, messages: 0 });
  expect([await count('messages'), await count('contents')]).toEqual([1, 1]);
});

test('contents without a reference are deleted, also without a time, in limited numbers each night', async () => {
  const used = await aMessage(0, 'sent', { text: `still used ${LARGE}` });
  await aMessage(0, 'sent', { text: `left ${LARGE}` });
  await api.store.db.collection<{ _id: string }>('messages').deleteMany({ _id: { $ne: used } });
  const unnamed = ['0', 'g'].map((hash) => ({
    _id: `${api.account}:content:${hash}`,
    account: api.account,
    json: '{}',
  }));
  const letter = { _id: `${api.account}:letter:a`, account: api.account, json: '{}' };
  await api.store.db.collection<{ _id: string }>('contents').insertMany([...unnamed, letter]);
  const pass = (day: number) => onDay(day, () => retention(api.store).deleteUnreferencedContents(1));
  await pass(0.5);
  expect(await count('contents')).toBe(4);
  for (const day of [2, 3, 4, 5, 6]) await pass(day);
  const [{ content } = { content: '' }] = await rows(api);
  expect(await api.store.db.collection('contents').distinct('_id')).toEqual([
    `${api.account}:content:${content}`,
    letter._id,
  ]);
});

test('an erasure covers messages and imports; a hash suppresses a person who had unsubscribed', async () => {
  const list = await aList(api);
  await aSubscriber(api, list, { email: 'ann@example.com' });
  await api.call('DELETE /api/v1/subscribers/ann@example.com');
  await aMessage(0, 'sent');
  await aMessage(0, 'sent', { text: `Dear Ann ${LARGE}` });
  await aMessage(0, 'accepted');
  const other = await aMessage(0, 'sent', { to: 'bob@example.com' });
  const error = { row: 2, column: 'email', reason: 'too_long', value: 'Ann@example.com' } as const;
  await api.deps.importErrors.record(api.account, 7, 0, [error, { ...error, value: 'bob@example.com' }]);
  expect((await api.call('DELETE /api/v1/subscribers/ann@example.com?erase=true')).statusCode).toBe(204);
  expect(await api.store.db.collection('messages').distinct('_id')).toEqual([other]);
  const collections = await api.store.db.collections();
  for (const each of collections) {
    expect(JSON.stringify(await each.find().toArray()), each.collectionName).not.toMatch(/ann@example\.com/i);
  }
  expect(await api.deps.suppressions.among(api.account, ['ann@example.com'])).toEqual(new Set(['ann@example.com']));
});

test('an erased copy goes with the content of its group; messages in flight go in the nightly run', async () => {
  const sent = {
    to: 'bob@example.com',
    cc: [{ email: 'cleo@example.com', name: 'Cleo' }],
    subject: 'Hi',
    text: 'Dear Cleo',
  };
  const both = (fields: object) => api.store.db.collection('messages').updateMany({}, { $set: fields });
  await onDay(0, () => api.call('POST /api/v1/messages', { payload: { ...sent, attachments: [FILE] } }));
  await both({ state: 'sent', sweep_at: null });
  const onItsWay = (
    await onDay(0, () => api.call('POST /api/v1/messages', { payload: { ...sent, text: 'Cleo!' } }))
  ).json().data.id;
  await api.store.db
    .collection<{ _id: string }>('messages')
    .updateMany({ group: onItsWay }, { $set: { state: 'sending' } });
  await onDay(0, () => api.call('DELETE /api/v1/subscribers/cleo@example.com?erase=true'));
  expect([await count('messages'), await count('contents', { _id: /:content:/ })]).toEqual([2, 1]);
  expect(JSON.stringify(await api.store.db.collection('erasures').find().toArray())).not.toMatch(/cleo/i);
  await both({ state: 'sent', sweep_at: null });
  await nightlyRun(0, { events: 0, messages: 0 });
  await nightlyRun(2, { events: 0, messages: 0 });
  expect(await Promise.all(['messages', 'contents', 'erasures', 'blobs.files'].map((name) => count(name)))).toEqual([
    0, 0, 0, 0,
  ]);
});

test('an erasure covers the notices to the owner of a list', async () => {
  const list = await aList(api);
  const notifications = { subscribe: true, subscribe_to: 'owner@acme.example' };
  await api.call(`PATCH /api/v1/lists/${list}`, { payload: { notifications } });
  const engine = { startMessage: async () => undefined };
  const notify = () => notifyListOwners({ ...api.deps, listNotices: listNotices(api.store), engine });
  await notify();
  for (const email of ['dora@example.com', 'eve@example.com']) await aSubscriber(api, list, { email });
  await notify();
  expect(await count('messages')).toBe(2);
  await api.call('DELETE /api/v1/subscribers/dora@example.com?erase=true');
  expect([await count('messages', { subject: /dora/ }), await count('contents', { json: /dora/ })]).toEqual([0, 0]);
  expect(await count('messages', { subject: /eve/ })).toBe(1);
  const [, about] = toOrAbout(api.account, 'eve@example.com');
  expect(await api.store.db.collection('messages').find(about).hint('account_1_about_1').toArray()).toHaveLength(1);
});
