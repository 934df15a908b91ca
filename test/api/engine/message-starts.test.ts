import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { type MessageRun, messageStarts } from '../../../api/engine/message-starts.js';
import { outageLog } from '../../../api/engine/outage-log.js';
import type { StartedRun } from '../../../store/messages/runs.js';
import { aMessage } from '../../support/store/messages.js';

afterEach(() => void vi.useRealTimers());

/** Starts that are answered when the test says so. */
function theStarts(maxQueued = 1_000, untilNotBusy = async () => {}, isLoopBusy = () => false) {
  const open: { readonly run: MessageRun; answer(): void; fail(): void }[] = [];
  const recorded: StartedRun[] = [];
  const starts = messageStarts({
    start: (run) =>
      new Promise<void>((resolve, reject) => {
        open.push({ run, answer: resolve, fail: () => reject(new Error('no answer')) });
      }),
    messages: { recordRuns: async (runs) => void recorded.push(...runs) },
    outages: outageLog(pino({ level: 'silent' })),
    lease: 60_000,
    maxQueued,
    untilNotBusy,
    isLoopBusy,
  });
  const accepted = (over: object = {}) => aMessage({ sweep_at: new Date(Date.now() + 5_000), ...over });
  const add = (count: number, over: object = {}) => {
    const rows = Array.from({ length: count }, () => accepted(over));
    for (const row of rows) starts.add(row);
    return rows;
  };
  return { starts, open, recorded, add };
}

const sizes = (open: readonly { readonly run: MessageRun }[]) => open.map(({ run }) => run.rows.length);
/** A call that ends in one turn lets the next one begin in the turn after it. */
const settled = async () => {
  for (let n = 0; n < 4; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

test('a single message starts at once, in its own workflow', async () => {
  const { add, open } = theStarts();
  const [row] = add(1);
  await settled();
  expect(open.map(({ run }) => run.workflowId)).toEqual([`message/${row?._id}`]);
});

test('while two starts are under way, newcomers wait for the next and share it, 200 at most', async () => {
  const { add, open } = theStarts();
  for (let n = 1; n <= 2; n += 1) {
    add(1);
    await settled();
  }
  add(250);
  await settled();
  expect(sizes(open)).toEqual([1, 1]);
  open[0]?.answer();
  await settled();
  expect(sizes(open)).toEqual([1, 1, 200]);
  expect(open[2]?.run.workflowId).toMatch(/^messages\/[0-9a-f-]{36}$/);
  open[2]?.answer();
  await settled();
  expect(sizes(open)).toEqual([1, 1, 200, 50]);
});

test('a start that is older than 300 ms holds up no other', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { add, open } = theStarts();
  for (let n = 1; n <= 2; n += 1) {
    add(1);
    await settled();
  }
  add(3);
  await settled();
  expect(open).toHaveLength(2);
  vi.advanceTimersByTime(301);
  await settled();
  expect(sizes(open)).toEqual([1, 1, 3]);
});

test('while the event loop is busy, messages gather for 150 ms, and start at once when it no longer is', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let busy = true;
  const { add, open } = theStarts(
    1_000,
    async () => {},
    () => busy,
  );
  add(1);
  await settled();
  add(2);
  vi.advanceTimersByTime(149);
  await settled();
  expect(open).toHaveLength(0);
  vi.advanceTimersByTime(1);
  await settled();
  expect(sizes(open)).toEqual([3]);
  busy = false;
  add(1);
  await settled();
  expect(sizes(open)).toEqual([3, 1]);
});

test('while the worker of the process is busy, messages gather for the next start, for 150 ms at most', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let free = () => {};
  const busy = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { add, open } = theStarts(1_000, () => busy);
  for (let n = 0; n < 3; n += 1) {
    add(1);
    await settled();
  }
  expect(open).toHaveLength(0);
  vi.advanceTimersByTime(151);
  await settled();
  expect(sizes(open)).toEqual([3]);
  add(1);
  await settled();
  expect(open).toHaveLength(1);
  free();
  await settled();
  expect(sizes(open)).toEqual([3, 1]);
});

test('scheduled messages start alone', async () => {
  const { add, open } = theStarts();
  const rows = add(2, { due: new Date(Date.now() + 60_000) });
  await settled();
  expect(open.map(({ run }) => run.workflowId)).toEqual(rows.map(({ _id }) => `message/${_id}`));
});

test('an acknowledged start is recorded in its rows; the sweep waits for a lease after they are due', async () => {
  const { add, open, recorded, starts } = theStarts();
  const rows = add(3);
  const due = new Date(Date.now() + 60_000);
  add(1, { due });
  await settled();
  for (const { answer } of open) answer();
  await starts.close();
  const [group, alone] = recorded;
  expect(group?.run).toBe(open[0]?.run.workflowId);
  expect(group?.rows).toEqual(rows);
  expect(alone?.until).toEqual(new Date(due.getTime() + 60_000));
});

test('a start without an answer is repeated once with the same list under the same id', async () => {
  const { add, open, recorded } = theStarts();
  add(2);
  await settled();
  open[0]?.fail();
  await settled();
  expect(open).toHaveLength(2);
  expect(open[1]?.run).toBe(open[0]?.run);
  open[1]?.fail();
  await settled();
  expect(open).toHaveLength(2);
  expect(recorded).toEqual([]);
});

test('a message that waited until its sweep is left to the sweep, and so are messages beyond the limit', async () => {
  const { add, open } = theStarts(3);
  for (let n = 1; n <= 2; n += 1) {
    add(1);
    await settled();
  }
  add(1, { sweep_at: new Date(Date.now() - 1) });
  add(1);
  for (const { answer } of open) answer();
  await settled();
  expect(open).toHaveLength(2);
  add(1);
  await settled();
  expect(open).toHaveLength(3);
});

test('closing waits for the messages that are queued', async () => {
  const { add, open, starts } = theStarts();
  add(250);
  const closed = starts.close();
  for (let answered = 0; answered < 2; answered += 1) {
    await settled();
    open[answered]?.answer();
  }
  await closed;
  expect(sizes(open)).toEqual([200, 50]);
});
