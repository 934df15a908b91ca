import { expect, test } from 'vitest';
import type { MessageAttempt } from '../../../domain/message/message.js';
import type { MessageStep } from '../../../domain/message/step.js';
import { messageProgress } from '../../../store/messages/progress.js';
import type { Message } from '../../../store/messages/row.js';
import { type Fault, unreliableStore } from '../../model/network.js';
import { aMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';

const LEASE = 60_000;
const alive = () => true;

const store = ownStore();

const stored = () => store.ledger.collection<Message>('messages');
const read = ({ _id }: Message) => stored().findOne({ _id });
const put = async (fields: Partial<Message> = {}): Promise<Message> => {
  const row = aMessage(fields);
  await stored().insertOne(row);
  return row;
};
const plain = (lease = LEASE) => messageProgress(store, lease);
const faulty = (...faults: Fault[]) => messageProgress(unreliableStore(store, { faults }, []), LEASE);
/** In flight under the token `mine`, renewed a moment ago. */
const owned = (fields: Partial<Message> = {}) =>
  put({ state: 'sending', attempt: 1, token: 'mine', seen: new Date(), ...fields });
const entry = (outcome: MessageAttempt['outcome'], over: Partial<MessageAttempt> = {}): MessageAttempt => {
  const at = '2026-05-15T09:00:12.000Z';
  return { n: 1, at, outcome, class: 'some_class', code: null, reply: null, next: null, ...over };
};
const sent: MessageStep = { state: 'sent', entry: entry('sent') };
const doubt: MessageStep = { state: 'uncertain', entry: entry('uncertain', { class: 'owner_lost' }) };
const again = (): MessageStep => {
  const due = new Date(Date.now() + 1_000);
  return { state: 'deferred', due, resends: true, entry: entry('uncertain', { class: 'owner_lost' }) };
};

test('claim: a waiting message that is due, at the time of the server’s clock', async () => {
  for (const state of ['accepted', 'deferred'] as const) {
    const row = await put({ state });
    const before = Date.now();
    expect(await plain().claim(row, 'mine', alive)).toBe('done');
    const claimed = await read(row);
    expect(claimed).toMatchObject({ state: 'sending', attempt: 1, token: 'mine' });
    expect(claimed?.seen.getTime()).toBeGreaterThan(before - 5_000);
    expect(claimed?.seen.getTime()).toBeLessThan(Date.now() + 5_000);
  }
});

test('claim: not before its time, not after its expiry, not if it changed since it was read', async () => {
  const early = await put({ due: new Date(Date.now() + 60_000) });
  const over = await put({ expires_at: new Date(1_000) });
  const cancelled = await put({ state: 'cancelled' });
  const ahead = await put({ attempt: 1, state: 'deferred' });
  for (const row of [early, over, cancelled, { ...ahead, attempt: 0 }]) {
    expect(await plain().claim(row, 'mine', alive)).toBe('lost');
  }
  expect(await read(early)).toEqual(early);
});

test('claim: of two concurrent claims one succeeds, also with lost responses', async () => {
  for (const faults of [[], ['deaf'], ['drop', 'deaf'], ['twice']] as Fault[][]) {
    const row = await put();
    const claims = [faulty(...faults).claim(row, 'one', alive), faulty(...faults).claim(row, 'two', alive)];
    expect((await Promise.all(claims)).toSorted()).toEqual(['done', 'lost']);
    expect(await read(row)).toMatchObject({ attempt: 1, state: 'sending' });
  }
});

test('claim: an attempt that has ended claims nothing', async () => {
  const row = await put();
  expect(await plain().claim(row, 'mine', () => false)).toBe('lost');
  expect(await read(row)).toEqual(row);
});

test('renew: by the token alone, and only by that token', async () => {
  const row = await owned({ seen: new Date(0) });
  expect(await faulty('drop', 'deaf').renew(row, 'mine', alive)).toBe('done');
  expect((await read(row))?.seen.getTime()).toBeGreaterThan(0);
  expect(await plain().renew(row, 'another', alive)).toBe('lost');
  await plain().settle(row, 'mine', sent, alive);
  expect(await plain().renew(row, 'mine', alive)).toBe('lost');
});

test('settle: once, with its entry, also with lost responses', async () => {
  const row = await owned();
  expect(await faulty('drop', 'deaf').settle(row, 'mine', sent, alive)).toBe('done');
  expect(await read(row)).toMatchObject({ state: 'sent', token: null, attempts: [sent.entry] });
  expect(await plain().settle(row, 'mine', sent, alive)).toBe('done');
  expect((await read(row))?.attempts).toHaveLength(1);
});

test('settle: a deferred message has its next time, and the sweep checks it after that', async () => {
  const row = await owned();
  const due = new Date(Date.now() + 5_000);
  const step: MessageStep = { state: 'deferred', due, entry: entry('deferred') };
  expect(await plain().settle(row, 'mine', step, alive)).toBe('done');
  expect(await read(row)).toMatchObject({ state: 'deferred', due, sweep_at: new Date(due.getTime() + LEASE) });
});

test('settle: a replaced owner settles nothing', async () => {
  const row = await owned({ seen: new Date(0) });
  expect(await plain().takeOver(row, doubt)).toMatchObject({ state: 'uncertain', attempts: [doubt.entry] });
  expect(await plain().settle(row, 'mine', sent, alive)).toBe('lost');
  expect(await read(row)).toMatchObject({ state: 'uncertain', attempts: [doubt.entry] });
});

test('takeOver: an owner that renewed within the lease keeps the message, however long it takes', async () => {
  const row = await owned();
  expect(await plain().takeOver(row, doubt)).toBeNull();
  expect(await plain(-1_000).takeOver({ ...row, attempt: 0 }, doubt)).toBeNull();
  expect(await plain(-1_000).takeOver({ ...row, token: 'before' }, doubt)).toBeNull();
  expect(await plain(-1_000).takeOver(row, doubt)).toMatchObject({ state: 'uncertain', token: 'mine' });
  expect(await plain(-1_000).takeOver(row, doubt)).toBeNull();
});

test('takeOver: the message of a dead owner is taken over once it has not been renewed for some seconds', async () => {
  const judging = messageProgress(store, LEASE, { ids: () => ['gone'], unwrittenFor: 3_000 });
  const at = (seconds: number) => new Date(Date.now() - seconds * 1_000);
  const [fresh, mine] = [await owned({ token: 'gone:1', seen: at(1) }), await owned({ token: 'mine:1', seen: at(30) })];
  expect([await judging.takeOver(fresh, doubt), await judging.takeOver(mine, doubt)]).toEqual([null, null]);
  const row = await owned({ token: 'gone:2', seen: at(30) });
  expect(await judging.takeOver(row, doubt)).toMatchObject({ state: 'uncertain', attempts: [doubt.entry] });
});

test('takeOver: the one re-send is used once', async () => {
  const row = await owned({ resend_if_uncertain: true });
  expect(await plain(-1_000).takeOver(row, again())).toMatchObject({ state: 'deferred', resent: true });
  await stored().updateOne({ _id: row._id }, { $set: { state: 'sending' } });
  expect(await plain(-1_000).takeOver(row, again())).toBeNull();
});

test('expire: only a waiting message after its expiry', async () => {
  const over = { expires_at: new Date(1_000) };
  const failed: MessageStep = { state: 'failed', entry: entry('failed', { class: 'expired' }) };
  const [waiting, sending, inTime] = await Promise.all([put(over), owned(over), put()]);
  expect(await plain().expire(waiting, failed)).toMatchObject({ state: 'failed', attempts: [failed.entry] });
  expect(await plain().expire(sending, failed)).toBeNull();
  expect(await plain().expire(inTime, failed)).toBeNull();
});

test('refuse: only an unclaimed message', async () => {
  const step: MessageStep = { state: 'failed', entry: entry('failed', { class: 'suppressed' }) };
  const row = await put();
  await plain().claim(row, 'mine', alive);
  expect(await plain().refuse(row, step)).toBeNull();
  expect(await plain().refuse(await put(), step)).toMatchObject({ state: 'failed', attempts: [step.entry] });
});

test('late evidence settles its own uncertain attempt, once', async () => {
  const row = await owned();
  await plain(-1_000).takeOver(row, doubt);
  expect(await plain().recordLateEvidence(7, row._id, sent, 'another')).toBeNull();
  expect(await plain().recordLateEvidence(8, row._id, sent, 'mine')).toBeNull();
  expect(await plain().recordLateEvidence(7, row._id, sent, 'mine')).toMatchObject({ state: 'sent', token: null });
  expect(await plain().recordLateEvidence(7, row._id, sent)).toBeNull();
});

test('late evidence prevents a re-send that has not begun; it does not settle another attempt', async () => {
  const row = await owned({ resend_if_uncertain: true });
  const waiting = await plain(-1_000).takeOver(row, again());
  expect(await plain().recordLateEvidence(7, row._id, sent, 'mine')).toMatchObject({ state: 'sent' });
  expect(waiting).toMatchObject({ state: 'deferred', token: 'mine' });
  const resent = await owned({ resent: true, token: 'second', attempt: 2 });
  await plain(-1_000).takeOver(resent, doubt);
  expect(await plain().recordLateEvidence(7, resent._id, sent, 'mine')).toBeNull();
});
