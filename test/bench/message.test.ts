import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Arrival } from '../../bench/harness/machine-time.js';
import { cpuByProcess, cpuOfTree } from '../../bench/harness/processes.js';
import { arrivalsOf } from '../../bench/message/arrivals.js';
import { addressOf, callerProcess } from '../../bench/message/caller.js';
import { commandFigures, commandsBetween, commandsIn, commandTable } from '../../bench/message/commands.js';
import type { ClockedSink } from '../../bench/receiver/sink.js';

interface Received {
  readonly key: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly mail: { readonly to: string; readonly text: string; readonly html: string };
}

/** An API that answers each message with `status`; `sockets` and `most` are its connections and requests at once. */
async function anApi(status: number) {
  const [received, sockets]: [Received[], Set<object>] = [[], new Set()];
  let [waiting, most] = [0, 0];
  const server = createServer(async (request, response) => {
    waiting += 1;
    most = Math.max(most, waiting);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization, 'idempotency-key': idempotencyKey } = request.headers;
    const mail = JSON.parse(Buffer.concat(chunks).toString()) as Received['mail'];
    received.push({ key: authorization, idempotencyKey: String(idempotencyKey), mail });
    sockets.add(request.socket);
    setImmediate(() => {
      waiting -= 1;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"data":{}}');
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, received, sockets, most: () => most };
}

function aCaller() {
  const caller = callerProcess();
  onTestFinished(caller.stop);
  return caller;
}

test('callers post each message once, with keys in turn, over connections that are kept', async () => {
  const api = await anApi(202);
  const caller = aCaller();
  const order = { address: api.address, keys: ['one', 'two'], messages: 40, inFlight: 4 };
  const run = await caller.run({ ...order, prefix: 'first' });
  await caller.run({ ...order, prefix: 'second' });
  const wanted = ['first', 'second'].flatMap((prefix) => Array.from({ length: 40 }, (_, n) => addressOf(prefix, n)));
  expect(api.received.map(({ mail }) => mail.to).sort()).toEqual(wanted.sort());
  expect(api.received.filter(({ key }) => key === 'Bearer one')).toHaveLength(40);
  expect(new Set(api.received.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(80);
  expect(api.sockets.size).toBeLessThanOrEqual(4);
  expect(api.most()).toBeLessThanOrEqual(4);
  expect(run.requestedAt).toHaveLength(40);
  expect(run.answeredAt.every((at, n) => at > (run.requestedAt[n] ?? Number.NaN))).toBe(true);
  expect(run.cpu).toBeGreaterThan(0);
});

test('at a pace, requests count from the moment at which they were due', async () => {
  const api = await anApi(202);
  const order = { address: api.address, keys: ['one'], prefix: 'paced', messages: 20, inFlight: 20 };
  const { requestedAt } = await aCaller().run({ ...order, perSecond: 200 });
  const gaps = requestedAt.slice(1).map((at, n) => at - (requestedAt[n] ?? Number.NaN));
  for (const gap of gaps) expect(gap).toBeCloseTo(5);
});

test('a run with a refused request fails', async () => {
  const api = await anApi(429);
  const order = { address: api.address, keys: ['one'], prefix: 'refused', messages: 1, inFlight: 1 };
  await expect(aCaller().run(order)).rejects.toThrow('calling ended with 1');
});

/** A receiver that has one more of these mails each time it is asked. */
function aReceiver(mails: readonly Arrival[]): Pick<ClockedSink, 'accepted'> {
  let arrived = 0;
  return {
    accepted: async (from = 0) => {
      arrived = Math.min(mails.length, arrived + 1);
      return mails.slice(from, arrived);
    },
  };
}

test('each message has the time of its mail; other mails do not count', async () => {
  const mails = [
    { to: addressOf('earlier', 0), at: 10 },
    { to: addressOf('burst', 1), at: 30 },
    { to: 'reader1@example.test', at: 35 },
    { to: addressOf('burst', 0), at: 40 },
  ];
  expect(await arrivalsOf(aReceiver(mails), 1, 'burst', 2)).toEqual([40, 30]);
});

test('a second mail of a message is an error', async () => {
  const twice = [1, 2].map((at) => ({ to: addressOf('burst', 0), at }));
  await expect(arrivalsOf(aReceiver(twice), 0, 'burst', 2)).rejects.toThrow(
    'two mails arrived at burst-0@example.test',
  );
});

test('commands are counted by name, without those of connections and of the bench', () => {
  const metrics = {
    '<UNKNOWN>': 3,
    insert: { failed: 0, total: 7 },
    update: { arrayFilters: 1, failed: 0, pipeline: 2, total: 5 },
    aggregate: { failed: 0, total: 0 },
    hello: { failed: 0, total: 90 },
    serverStatus: { failed: 0, total: 2 },
  };
  expect(commandsIn(metrics)).toEqual({ insert: 7, update: 5 });
  expect(commandsBetween({ insert: 4, update: 5 }, { insert: 7, update: 5, find: 2 })).toEqual({ insert: 3, find: 2 });
});

test('the table of commands has all that a side used noticeably, and 0 for a side that did not', () => {
  const before = [commandFigures({ insert: 200, find: 300, listIndexes: 0.1 }, 100)];
  const after = [commandFigures({ insert: 50 }, 100)];
  expect(commandTable({ before, after })).toEqual({
    title: 'MongoDB commands per message',
    columns: ['insert', 'find'],
    rows: [
      { name: 'before', values: [2, 3] },
      { name: 'after', values: [0.5, 0] },
    ],
  });
});

test('the CPU time of a tree is that of its processes, each with its name', () => {
  const processes = cpuByProcess(process.pid);
  expect(processes.every(([name]) => name !== '')).toBe(true);
  const sum = processes.reduce((total, [, cpu]) => total + cpu, 0);
  expect(sum).toBeGreaterThan(0);
  expect(cpuOfTree(process.pid)).toBeGreaterThanOrEqual(sum);
});
