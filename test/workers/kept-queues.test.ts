import { expect, test } from 'vitest';
import { type KeptQueues, keepQueues } from '../../workers/kept-queues.js';
import { until } from '../support/until.js';

const PAUSES = { first: 1, longest: 2, end: 20 };
const log = { warn: () => undefined };

type State = 'INITIALIZED' | 'RUNNING' | 'STOPPED' | 'FAILED';

function openPromise() {
  let [resolve, reject]: [() => void, (reason: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

/** A worker that runs until it is shut down or told to fail. */
function aWorker(taskQueue: string) {
  const { promise, resolve, reject } = openPromise();
  let state: State = 'INITIALIZED';
  return {
    options: { taskQueue } as never,
    getState: () => state,
    getStatus: () => ({ runState: state }) as never,
    run: () => {
      state = 'RUNNING';
      return promise;
    },
    shutdown: () => {
      if (state !== 'RUNNING') throw new Error(`shutdown while ${state}`);
      state = 'STOPPED';
      resolve();
    },
    /** Fails, and its run never ends. */
    hang: () => {
      state = 'FAILED';
    },
    fail: () => {
      state = 'FAILED';
      reject(new Error('Namespace everpost is not found.'));
    },
  };
}

type ScriptedWorker = ReturnType<typeof aWorker>;

/** Queues whose workers are recorded in the order in which they are made. */
async function twoQueues(repair: () => Promise<unknown>, beforeMaking: (made: number) => unknown = () => undefined) {
  const stop = new AbortController();
  const made: ScriptedWorker[] = [];
  const makers = ['steps', 'send'].map((name) => async () => {
    await beforeMaking(made.length);
    const worker = aWorker(name);
    made.push(worker);
    return worker;
  });
  const giveUp = () => {
    stop.abort();
    queues.shutdown();
  };
  const queues = await keepQueues({ makers, repair, giveUp, stopping: stop.signal, log, pauses: PAUSES });
  return { queues, made, stop };
}

function end({ queues, stop }: { queues: KeptQueues<ScriptedWorker>; stop: AbortController }): Promise<void> {
  stop.abort();
  queues.shutdown();
  return queues.ended;
}

const states = ({ queues }: { queues: KeptQueues<ScriptedWorker> }) => queues.workers().map((one) => one.getState());

test('a queue whose worker fails gets a new one after the repair; the queue beside it goes on', async () => {
  let repairs = 0;
  const all = await twoQueues(async () => {
    repairs += 1;
  });
  all.made[0]?.fail();
  await until(() => all.made.length === 3 && states(all)[0] === 'RUNNING');
  expect(repairs).toBe(1);
  expect(states(all)).toEqual(['RUNNING', 'RUNNING']);
  expect(all.queues.workers()[1]).toBe(all.made[1]);
  await end(all);
  expect(states(all)).toEqual(['STOPPED', 'STOPPED']);
});

test('a repair that fails, and a worker that cannot be made, are tried again', async () => {
  const failures = ['repair', 'making'];
  const fails = (what: string) => {
    if (failures[0] !== what) return;
    failures.shift();
    throw new Error(what);
  };
  const all = await twoQueues(
    async () => fails('repair'),
    (made) => made >= 2 && fails('making'),
  );
  all.made[1]?.fail();
  await until(() => states(all)[1] === 'RUNNING');
  expect(failures).toEqual([]);
  await end(all);
});

test('while a process starts, a worker that cannot be made is tried again after the repair', async () => {
  const failures = ['making', 'repair', 'making'];
  const fails = (what: string) => {
    if (failures[0] !== what) return;
    failures.shift();
    throw new Error(what);
  };
  const all = await twoQueues(
    async () => fails('repair'),
    () => fails('making'),
  );
  expect(failures).toEqual([]);
  expect(states(all)).toEqual(['RUNNING', 'RUNNING']);
  await end(all);
});

test('a worker that has failed and does not end is replaced', async () => {
  const all = await twoQueues(async () => undefined);
  all.made[0]?.hang();
  await until(() => states(all)[0] === 'RUNNING');
  await end(all);
});

test('a process whose queue cannot be rebuilt while Temporal answers stops the other queues and fails', async () => {
  const all = await twoQueues(
    async () => undefined,
    (made) => {
      if (made >= 2) throw new Error('the queue is taken');
    },
  );
  all.made[0]?.fail();
  await expect(all.queues.ended).rejects.toThrow(
    'the queue steps cannot be polled any more: Error: the queue is taken',
  );
  expect(states(all)).toEqual(['FAILED', 'STOPPED']);
});

test('two queues that are lost together share one repair', async () => {
  const { promise, resolve } = openPromise();
  let repairs = 0;
  const all = await twoQueues(() => {
    repairs += 1;
    return promise;
  });
  for (const worker of [...all.made]) worker.fail();
  await until(() => repairs > 0);
  resolve();
  await until(() => states(all).every((state) => state === 'RUNNING'));
  expect(all.made).toHaveLength(4);
  await end(all);
});

test('a process that stops while Temporal is away waits for no repair', async () => {
  let repairs = 0;
  const all = await twoQueues(() => {
    repairs += 1;
    return new Promise(() => undefined);
  });
  all.made[0]?.fail();
  await until(() => repairs === 1);
  await end(all);
  expect(states(all)).toEqual(['FAILED', 'STOPPED']);
});

test('a worker that is being made when the process stops is ended: it would hold the connection', async () => {
  const { promise, resolve } = openPromise();
  let making = false;
  const all = await twoQueues(
    async () => undefined,
    (made) => {
      making = made >= 2;
      return making ? promise : undefined;
    },
  );
  all.made[0]?.fail();
  await until(() => making);
  const ended = end(all);
  resolve();
  await ended;
  expect(all.made).toHaveLength(3);
  expect(states(all)).toEqual(['STOPPED', 'STOPPED']);
});
