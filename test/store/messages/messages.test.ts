import { expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { type Fault, unreliableStore } from '../../model/network.js';
import { aMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const stored = () => store.ledger.collection<Message>('messages');
const plain = () => messages(store);
const faulty = (...faults: Fault[]) => messages(unreliableStore(store, { faults }, []));
const put = async (fields: Partial<Message> = {}): Promise<Message> => {
  const row = aMessage(fields);
  await stored().insertOne(row);
  return row;
};
/** A message and its copies, as one request creates them. */
const aGroup = (key: string, fields: Partial<Message> = {}): [Message, Message, Message] => {
  const primary = aMessage({ key, ...fields });
  const { _id: group, hash } = primary;
  return [primary, aMessage({ group, hash, role: 'cc' }), aMessage({ group, hash, role: 'bcc' })];
};
const ids = (rows: readonly Message[]) => rows.map(({ _id }) => _id);

test('accept: all rows of a request are inserted, or none', async () => {
  const group = aGroup('all-or-none');
  expect(await plain().accept(group)).toEqual({ kind: 'accepted', id: group[0]._id });
  expect(ids(await plain().ofGroup(7, group[0]._id))).toEqual(ids(group));
  const clashing = aGroup('none');
  await stored().insertOne({ ...clashing[2], state: 'sent' });
  await expect(plain().accept(clashing, 300)).resolves.toMatchObject({ kind: 'unknown' });
  expect(await plain().find(7, clashing[0]._id)).toBeNull();
});

test('accept: the same key and request answers with the first id and adds nothing', async () => {
  const [first] = aGroup('once');
  await plain().accept([first]);
  const again = aGroup('once', { hash: first.hash });
  expect(await plain().accept(again)).toEqual({ kind: 'known', id: first._id });
  expect(await stored().countDocuments({ _id: { $in: ids(again) } })).toBe(0);
});

test('accept: the same key with another request is refused', async () => {
  await plain().accept([aMessage({ key: 'reused', hash: 'one' })]);
  expect(await plain().accept([aMessage({ key: 'reused', hash: 'another' })])).toEqual({ kind: 'key_reused' });
  const elsewhere = aMessage({ key: 'reused', hash: 'another', account: 8 });
  expect(await plain().accept([elsewhere])).toEqual({ kind: 'accepted', id: elsewhere._id });
});

test('accept: of many equal requests at once one is accepted, and all get its id', async () => {
  const many = Array.from({ length: 12 }, () => aGroup('crowd', { hash: 'the same' }));
  const verdicts = await Promise.all(many.map((group) => plain().accept(group, 60_000)));
  const [id, ...others] = new Set(verdicts.map((verdict) => ('id' in verdict ? verdict.id : '')));
  expect(others).toEqual([]);
  expect(verdicts.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
  expect(await stored().countDocuments({ key: 'crowd' })).toBe(1);
  expect(await plain().ofGroup(7, id ?? '')).toHaveLength(3);
});

test('accept: a lost answer is looked up by the same ids', async () => {
  const row = aMessage({ key: 'lost answer' });
  expect(await faulty('deaf', 'drop').accept([row])).toEqual({ kind: 'accepted', id: row._id });
  expect(await stored().countDocuments({ key: 'lost answer' })).toBe(1);
  const dropped = aMessage();
  expect(await faulty('drop').accept([dropped])).toEqual({ kind: 'accepted', id: dropped._id });
});

test('accept: an unknown outcome names the id', async () => {
  const row = aMessage();
  const away = { faults: { shift: () => 'drop' } as unknown as Fault[] };
  expect(await messages(unreliableStore(store, away, [])).accept([row], 150)).toEqual({ kind: 'unknown', id: row._id });
});

test('cancel: only a waiting message of the account, once', async () => {
  const [accepted, deferred, sending] = await Promise.all([
    put(),
    put({ state: 'deferred' }),
    put({ state: 'sending' }),
  ]);
  expect(await plain().cancel(8, accepted._id)).toBeNull();
  expect(await plain().cancel(7, accepted._id)).toMatchObject({ state: 'cancelled', token: null });
  expect(await plain().cancel(7, accepted._id)).toBeNull();
  expect(await plain().cancel(7, deferred._id)).toMatchObject({ state: 'cancelled' });
  expect(await plain().cancel(7, sending._id)).toBeNull();
});

test('page: the newest first, by state and tag, after a given id', async () => {
  const account = 21;
  const rows: Message[] = [];
  for (let i = 0; i < 4; i++) {
    rows.push(
      await put({ account, _id: `0190000${i}`, tags: i % 2 ? ['uneven'] : [], state: i ? 'sent' : 'accepted' }),
    );
  }
  expect(ids(await plain().page(account, { limit: 3 }))).toEqual(ids(rows.slice(1).toReversed()));
  expect(ids(await plain().page(account, { limit: 3, after: '01900001' }))).toEqual(['01900000']);
  expect(ids(await plain().page(account, { limit: 9, tag: 'uneven' }))).toEqual(['01900003', '01900001']);
  expect(ids(await plain().page(account, { limit: 9, state: 'accepted' }))).toEqual(['01900000']);
});

test('due: rows whose check is due, the longest due first; sweepAgain moves the check once, endSweep ends it', async () => {
  const past = new Date(1_000);
  const [late, later] = await Promise.all([put({ sweep_at: new Date(2_000) }), put({ sweep_at: past })]);
  await put({ sweep_at: null });
  expect(ids(await plain().due(new Date(3_000), 10))).toEqual(ids([later, late]));
  expect(await plain().sweepAgain(later, new Date(9_000))).toBe(true);
  expect(await plain().sweepAgain(later, new Date(8_000))).toBe(false);
  await stored().updateOne({ _id: late._id }, { $set: { state: 'sent' } });
  const [done, changed] = await Promise.all([put({ sweep_at: past }), put({ sweep_at: past })]);
  await stored().updateOne({ _id: changed._id }, { $set: { sweep_at: new Date(2_500) } });
  const messages = plain();
  await Promise.all([late, done, changed].map((row) => messages.endSweep(row)));
  expect(ids(await plain().due(new Date(3_000), 10))).toEqual(ids([late, changed]));
});
