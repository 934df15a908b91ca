import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sendWindows } from '../../../activities/message/send-window.js';

const CONFIGURED = 8;

/** Claims that a process may have in flight; without an open connection one is about to open. */
const limitOf = (open: number) => 4 * Math.max(1, open);

/** How a process counts its connections; a mutant counts those that may be opened. */
type Count = (open: number) => number;

/** A process whose messages are settled when the test says so. */
function aSender(count: Count) {
  const listeners: (() => void)[] = [];
  const inFlight: (() => void)[] = [];
  const windows = sendWindows();
  let open = 0;
  let submitted = 0;
  let settled = 0;
  let worst = 0;
  const connections = { open: () => count(open), onOpened: (listener: () => void) => void listeners.push(listener) };
  const send = () =>
    new Promise<void>((settle) => {
      inFlight.push(settle);
      worst = Math.max(worst, inFlight.length - limitOf(open));
    });
  return {
    submit: (account: number) => {
      submitted += 1;
      void windows.run(connections, { account, bytes: 1_000 }, (claim) => claim(send));
    },
    settle: () => {
      const end = inFlight.shift();
      if (end !== undefined) settled += 1;
      end?.();
    },
    open: () => {
      open = Math.min(CONFIGURED, open + 1);
      for (const listener of listeners) listener();
    },
    lose: () => {
      open = Math.max(0, open - 1);
    },
    /** Messages beyond the limit that a kill would have left uncertain when the last of them was claimed. */
    worst: () => worst,
    isIdle: () => inFlight.length < Math.min(submitted - settled, limitOf(open) / 2),
  };
}

type Sender = ReturnType<typeof aSender>;
type Operation = (sender: Sender) => void;

const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.nat({ max: 2 }).map(
        (account): Operation =>
          (sender) =>
            sender.submit(account),
      ),
    },
    { weight: 3, arbitrary: fc.constant<Operation>((sender) => sender.settle()) },
    { weight: 2, arbitrary: fc.constant<Operation>((sender) => sender.open()) },
    { weight: 1, arbitrary: fc.constant<Operation>((sender) => sender.lose()) },
  ),
  { maxLength: 120, size: 'max' },
);

/** Any operations in any order. */
function theBoundHolds(count: Count) {
  return fc.asyncProperty(operations, async (list) => {
    const sender = aSender(count);
    for (const operation of list) {
      operation(sender);
      await turn();
      if (sender.worst() > 0) throw new Error('too many messages are claimed');
      if (sender.isIdle()) throw new Error('a message waits while half of the slots are free');
    }
  });
}

const resultOf = async (count: Count) => {
  const { errorInstance } = await fc.check(theBoundHolds(count), { seed: 1, numRuns: 200, endOnFailure: true });
  return String(errorInstance ?? 'holds');
};

test('a kill leaves at most four uncertain messages for each open connection; half of them never stay free', async () => {
  expect(await resultOf((open) => open)).toBe('holds');
});

test.each<[string, Count, string]>([
  ['configured connections count', () => CONFIGURED, 'Error: too many messages are claimed'],
  ['a connection that is opening counts', (open) => open + 1, 'Error: too many messages are claimed'],
  ['only the first connection counts', () => 1, 'Error: a message waits while half of the slots are free'],
])('a mutant is caught: %s', async (_, count, failure) => {
  expect(await resultOf(count)).toBe(failure);
});

test('mails of 64 MiB are rendered ahead, and one more at most', async () => {
  const windows = sendWindows();
  const connections = { open: () => CONFIGURED, onOpened: () => undefined };
  const open: (() => void)[] = [];
  const render = () => new Promise<void>((end) => void open.push(end));
  const all = Array.from({ length: 6 }, () => windows.run(connections, { account: 1, bytes: 20 * 2 ** 20 }, render));
  await turn();
  expect(open).toHaveLength(4);
  open.shift()?.();
  await turn();
  expect(open).toHaveLength(4);
  while (open.length > 0) {
    open.shift()?.();
    await turn();
  }
  await Promise.all(all);
});
