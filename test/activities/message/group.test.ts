import { expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import { messageWorkflowId } from '../../../workflows/names.js';
import { ACCEPTED, aGroupProcess, input, slowServer, UNTIL } from '../../support/activities/message-process.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();
const MOVING = { downUntil: null, reason: null };

const DOWN = { stage: 'connect', what: 'ECONNREFUSED' } as const;

const someMessages = (count: number, over: Partial<Message> = {}) =>
  Promise.all(Array.from({ length: count }, () => anAcceptedMessage(store, over)));
const read = async ({ _id, account }: Message) => messages(store).find(account, _id);

test('the messages of a group are sent at the same time and counted', async () => {
  const { server, group } = aGroupProcess(store);
  const rows = await someMessages(2);
  const step = group.deliverMessages({ messages: rows.map(input) });
  await until(() => server.open.length === 2);
  server.answer(ACCEPTED);
  expect(await step).toEqual({ final: 2, separate: 0, left: [], ...MOVING, states: { sent: 2 } });
});

test('a first step ends while its mails are open; the next one joins their attempts', async () => {
  const { server, group } = aGroupProcess(store);
  const rows = await someMessages(2);
  const messages = rows.map(input);
  expect(await group.beginMessages({ messages })).toMatchObject({ final: 0, separate: 0, left: [0, 1] });
  const rest = group.deliverMessages({ messages });
  server.answer(ACCEPTED);
  expect(await rest).toMatchObject({ final: 2, left: [] });
  expect(server.handed.sort()).toEqual(rows.map(({ _id }) => _id).sort());
});

test('messages that are due later, or that another process has, get workflows of their own', async () => {
  const { server, group, started } = aGroupProcess(store);
  const [later] = await someMessages(1, { due: new Date(Date.now() + 60_000), run: 'messages/this' });
  const busy = await anAcceptedMessage(store, { state: 'sending', attempt: 1, token: 'other', seen: new Date() });
  const [now] = await someMessages(1);
  const rows = [later, busy, now] as Message[];
  const step = group.deliverMessages({ messages: rows.map(input) });
  await until(() => server.open.length === 1);
  server.answer(ACCEPTED);
  expect(await step).toEqual({ final: 1, separate: 2, left: [], ...MOVING, states: { sent: 1 } });
  expect(started.sort()).toEqual([later?._id, busy._id].sort());
  expect((await read(rows[0] as Message))?.run).toBe(messageWorkflowId(later?._id ?? ''));
});

test('while the transport is down the messages stay in the group, and the sweep leaves them alone', async () => {
  const server = slowServer();
  const down = { ...server.transport, ready: async () => ({ stage: 'connect' as const, what: 'ECONNREFUSED' }) };
  const { group, started } = aGroupProcess(store, { transportsFor: () => down });
  const rows = await someMessages(3);
  const step = await group.deliverMessages({ messages: rows.map(input) });
  expect(step).toEqual({
    final: 0,
    separate: 0,
    left: [0, 1, 2],
    downUntil: UNTIL,
    reason: 'transport_unavailable',
    states: {},
  });
  expect(started).toEqual([]);
  expect((await read(rows[0] as Message))?.sweep_at?.getTime()).toBeGreaterThan(Date.now());
});

test('one message that fails does not stop the others; it gets a workflow of its own', async () => {
  const broken = await anAcceptedMessage(store);
  const messageMail = async ({ _id }: Message) => {
    if (_id === broken._id) throw new Error('a defect');
    return { kind: 'mail' as const, envelope: { from: 'a@b.test', to: 'c@d.test' }, messageId: _id, chunks: [] };
  };
  const { server, group, started } = aGroupProcess(store, { messageMail });
  const [good] = await someMessages(1);
  const step = group.deliverMessages({ messages: [broken, good as Message].map(input) });
  await until(() => server.open.length === 1);
  server.answer(ACCEPTED);
  expect(await step).toEqual({ final: 1, separate: 1, left: [], ...MOVING, states: { sent: 1 } });
  expect(started).toEqual([broken._id]);
});

test('where every message fails, the step fails and is tried again', async () => {
  const messageMail = async () => Promise.reject(new Error('an outage'));
  const { group, started } = aGroupProcess(store, { messageMail });
  const rows = await someMessages(2);
  await expect(group.deliverMessages({ messages: rows.map(input) })).rejects.toThrow('an outage');
  expect(started).toEqual([]);
});

test('a process that stops leaves its group to another worker', async () => {
  const stop = new AbortController();
  const { group, started } = aGroupProcess(store, { stopping: stop.signal });
  stop.abort();
  const rows = await someMessages(2);
  await expect(group.deliverMessages({ messages: rows.map(input) })).rejects.toMatchObject({ type: 'message_busy' });
  expect(started).toEqual([]);
  expect(await read(rows[0] as Message)).toMatchObject({ state: 'accepted', attempt: 0 });
});

test('a message whose transport is back does not wait for the server of another account', async () => {
  const slow = slowServer();
  const soon = new Date(Date.now() + 50).toISOString();
  const recovering = { ...slowServer().transport, ready: async () => DOWN, retryAt: () => new Date(soon) };
  const [other] = await someMessages(1, { account: 8 });
  const [own] = await someMessages(1);
  const transportsFor = (account: number) => (account === 8 ? slow.transport : recovering);
  const { group } = aGroupProcess(store, { transportsFor });
  const messages = [other, own].map((row) => input(row as Message));
  // The slow server has not answered; the step would otherwise take 20 s.
  expect(await group.deliverMessages({ messages })).toMatchObject({ final: 0, left: [0, 1], downUntil: null });
  await until(() => slow.open.length === 1);
  slow.answer(ACCEPTED);
});
