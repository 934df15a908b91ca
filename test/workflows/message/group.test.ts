import { randomUUID } from 'node:crypto';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { v7 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { messages } from '../../../store/messages/messages.js';
import type { Message } from '../../../store/messages/row.js';
import {
  type MessageGroupResult,
  messageGroupProgress,
  messageGroupStart,
  messageRowChanged,
} from '../../../workflows/messages/message.js';
import { messageGroupWorkflowId, messageWorkflowId } from '../../../workflows/names.js';
import { type MessageEverpost, messageEverpost } from '../../support/everpost/message-everpost.js';
import { QUICK_RETRIES } from '../../support/everpost/own-worker.js';
import type { Act } from '../../support/scripted/smtp-script.js';
import { until } from '../../support/until.js';

let everpost: MessageEverpost;
/** Refusals of the receiver for the next mails to an address. */
const atRcpt = new Map<string, string[]>();
/** While it is set, the receiver does not reply to dots. */
let gate: Promise<Act | undefined> | undefined;

beforeAll(async () => {
  everpost = await messageEverpost(
    {
      onRcpt: (address) => atRcpt.get(address)?.shift(),
      on: (step) => (step === 'dot' ? gate : undefined),
    },
    { ...QUICK_RETRIES, attempt: 20_000 },
  );
});
afterAll(() => everpost?.close());

/** Accepts messages and starts one workflow for them. */
async function aGroup(count: number, over: (n: number) => Partial<Message> = () => ({})) {
  const rows = await Promise.all(Array.from({ length: count }, (_, n) => everpost.acceptInGroup(over(n))));
  const run = messageGroupWorkflowId(randomUUID());
  await everpost.startGroup(run, rows);
  return { rows, run, handle: everpost.client.workflow.getHandle<() => Promise<MessageGroupResult>>(run) };
}

const arrivals = (rows: readonly Message[]) =>
  everpost.receiver.accepted.filter(({ to }) => rows.some((row) => to.includes(row.to.email))).length;

test('a group of 60 messages is delivered in one workflow with a short history', async () => {
  const { rows, handle } = await aGroup(60, (n) => ({ account: n % 2 === 0 ? 7 : 8 }));
  expect(await handle.result()).toEqual({ final: 60, separate: 0, states: { sent: 60 } });
  expect(arrivals(rows)).toBe(60);
  const states = await Promise.all(rows.map(async (row) => (await everpost.row(row)).state));
  expect(new Set(states)).toEqual(new Set(['sent']));
  expect((await handle.describe()).typedSearchAttributes.getAll().map(({ key }) => key.name)).not.toContain(
    'EverpostAccount',
  );
  expect(await (await handle.describe()).staticSummary()).toBe('60 messages of 2 accounts');
  const history = await handle.fetchHistory();
  expect(history.events?.length).toBeLessThan(20);
  const payloads = [...historyToJSON(history).matchAll(/"data": ?"([^"]+)"/g)].map(([, data = '']) => data);
  const texts = payloads.map((data) => Buffer.from(data, 'base64').toString());
  expect(texts.filter((text) => text.includes('final'))).not.toEqual([]);
  expect(texts.filter((text) => text.includes('example.test'))).toEqual([]);
});

test('a message that is refused for now gets a workflow of its own, and its row names it', async () => {
  const later = { email: 'later@example.test', name: null };
  atRcpt.set(later.email, ['451 4.7.1 try again in 1 second']);
  const { rows, handle } = await aGroup(5, (n) => (n === 2 ? { to: later, to_key: later.email } : {}));
  expect(await handle.result()).toEqual({ final: 4, separate: 1, states: { sent: 4 } });
  const deferred = rows[2] as Message;
  expect((await everpost.row(deferred)).run).toBe(messageWorkflowId(deferred._id));
  expect(await everpost.result(deferred)).toBe('sent');
  expect(arrivals(rows)).toBe(5);
});

test('a query shows the progress of a group while the mail server does not answer', async () => {
  let open: () => void = () => undefined;
  gate = new Promise((resolve) => {
    open = () => resolve(undefined);
  });
  const { rows, handle } = await aGroup(3);
  const progress = () => handle.query(messageGroupProgress);
  await until(async () => (await progress()).left === 3, 60_000);
  expect(await progress()).toMatchObject({ total: 3, final: 0, separate: 0 });
  expect(Date.parse((await progress()).oldest ?? '')).toBeLessThanOrEqual(Date.now());
  open();
  gate = undefined;
  expect(await handle.result()).toEqual({ final: 3, separate: 0, states: { sent: 3 } });
  expect(await progress()).toEqual({ total: 3, final: 3, separate: 0, left: 0, oldest: null });
  expect(arrivals(rows)).toBe(3);
});

test('a message of a group that is cancelled is not sent, and the others are', async () => {
  const { rows, handle } = await aGroup(3, (n) => (n === 0 ? { due: new Date(Date.now() + 3_000_000) } : {}));
  expect(await handle.result()).toEqual({ final: 2, separate: 1, states: { sent: 2 } });
  const waiting = rows[0] as Message;
  expect((await messages(everpost.store).cancel(waiting.account, waiting._id))?.state).toBe('cancelled');
  await everpost.handle(waiting).signal(messageRowChanged);
  expect(await everpost.result(waiting)).toBe('cancelled');
  expect(arrivals(rows)).toBe(2);
});

/** Rows that name a run which no worker carries, due for the sweep. */
async function aRunWithoutWorker() {
  const run = messageGroupWorkflowId(randomUUID());
  const ids = [v7(), v7()];
  const inRun = ids.map((message) => ({ account: 7, message }));
  const handle = await everpost.client.workflow.start(
    'messages',
    messageGroupStart({ prefix: 'without-worker', publicUrl: 'http://everpost.test' }, run, inRun),
  );
  const rows = await Promise.all(ids.map((_id) => everpost.acceptOnly({ _id, run })));
  return { rows, handle };
}

test('the sweep starts the messages of a terminated group', async () => {
  const { rows, handle } = await aRunWithoutWorker();
  await handle.terminate('an operator ended it');
  for (const row of rows) await everpost.untilState(row, 'sent');
  expect(arrivals(rows)).toBe(2);
});

test('the sweep starts the messages of a group that Temporal has lost', async () => {
  const run = messageGroupWorkflowId(randomUUID());
  const lost = await everpost.acceptOnly({ run });
  await everpost.untilState(lost, 'sent');
  expect((await everpost.row(lost)).run).toBe(messageWorkflowId(lost._id));
  expect(arrivals([lost])).toBe(1);
});

test('an open group that makes no attempt is left alone once, then its messages start separately', async () => {
  const { rows, handle } = await aRunWithoutWorker();
  const row = rows[0] as Message;
  await until(async () => (await everpost.row(row)).attempt_when_open === 0, 60_000);
  expect(await everpost.row(row)).toMatchObject({ state: 'accepted', run: handle.workflowId });
  for (const each of rows) await everpost.untilState(each, 'sent');
  expect((await everpost.row(row)).run).toBe(messageWorkflowId(row._id));
  expect(arrivals(rows)).toBe(2);
  await handle.terminate();
});
