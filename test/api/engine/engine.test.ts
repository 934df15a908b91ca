import { randomUUID } from 'node:crypto';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callQueue } from '../../../api/engine/call-queue.js';
import { temporalEngine } from '../../../api/engine/engine.js';
import { lazyClient, retryUntilClosed } from '../../../api/engine/lazy-client.js';
import { outageLog } from '../../../api/engine/outage-log.js';
import { campaignWorkflowId, importWorkflowId, messageWorkflowId } from '../../../workflows/names.js';
import { quietPort } from '../../support/servers/quiet-port.js';
import { type TestTemporal, testNamespace } from '../../support/servers/test-servers.js';
import { aMessage } from '../../support/store/messages.js';
import { until } from '../../support/until.js';

let temporal: TestTemporal;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  temporal = await testNamespace();
  connection = await Connection.connect({ address: temporal.address, interceptors: retryUntilClosed() });
  client = new Client({ connection, namespace: temporal.namespace });
});
afterAll(async () => {
  await connection?.close();
});

/** A log that keeps the lines at or above `warn`. */
function heard() {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  return { lines, log };
}

test('a call starts the workflow, a second one signals the same run', async () => {
  const { log, lines } = heard();
  const lazy = lazyClient(temporal.address, temporal.namespace);
  const prefix = `wake-${randomUUID()}`;
  const engine = temporalEngine({
    client: lazy.client,
    prefix,
    publicUrl: 'http://everpost.test',
    log,
    callTimeout: 30_000,
  });
  const row = {
    _id: 7,
    account: 3,
    launch: 1,
    name: 'Shop',
    subject: 'We open for ada@example.org',
    state: 'freezing' as const,
  };
  const message = randomUUID();
  await until(() => engine.reachable());
  engine.notifyCampaign(row);
  const first = await untilStarted(campaignWorkflowId(7));
  engine.notifyCampaign({ ...row, launch: 2 });
  engine.startImport({ _id: 9, account: 3, list_id: 4 });
  const accepted = aMessage({ _id: message, account: 3, sweep_at: null });
  engine.startMessage(accepted);
  await untilStarted(messageWorkflowId(message));
  engine.startMessage({ ...accepted, state: 'cancelled' });
  await engine.close();
  await lazy.close();

  const second = await client.workflow.getHandle(campaignWorkflowId(7)).describe();
  expect(second.runId).toBe(first.runId);
  expect(second.type).toBe('campaign');
  expect(await second.staticSummary()).toBe('Campaign 7: We open for …');
  expect(await second.staticDetails()).toBe('API: [/campaigns/7](http://everpost.test/api/v1/campaigns/7)');
  expect(second.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])).toEqual(
    expect.arrayContaining([
      ['EverpostAccount', '3'],
      ['EverpostCampaign', '7'],
      ['EverpostKind', 'campaign'],
      ['EverpostPhase', 'freezing'],
    ]),
  );
  expect(await signalsOf(campaignWorkflowId(7))).toEqual(['rowChanged', 'rowChanged']);
  expect(await signalsOf(messageWorkflowId(message))).toEqual(['rowChanged']);
  expect((await client.workflow.getHandle(importWorkflowId(9)).describe()).type).toBe('subscriberImport');
  expect(lines).toEqual([]);
});

test('without a server nothing is thrown, one line is logged, and closing does not hang', async () => {
  const { log, lines } = heard();
  const lazy = lazyClient(`127.0.0.1:${await quietPort()}`, 'default');
  const engine = temporalEngine({
    client: lazy.client,
    prefix: 'nowhere',
    publicUrl: 'http://everpost.test',
    log,
    callTimeout: 300,
    concurrency: 2,
  });
  for (let id = 1; id <= 20; id += 1)
    engine.notifyCampaign({ _id: id, account: 1, launch: 1, name: '', subject: '', state: 'freezing' });
  expect(await engine.reachable()).toBe(false);
  await engine.close();
  await lazy.close();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('a workflow could not be signalled');
});

test('a client that was refused at first connects once Temporal is available', async () => {
  const { log } = heard();
  const port = await quietPort();
  const lazy = lazyClient(`127.0.0.1:${port}`, temporal.namespace);
  const engine = temporalEngine({
    client: lazy.client,
    prefix: `late-${randomUUID()}`,
    publicUrl: 'http://everpost.test',
    log,
    callTimeout: 1_000,
  });
  expect(await engine.reachable()).toBe(false);
  const proxy = await aProxy(port);
  await until(() => engine.reachable());
  await engine.close();
  await lazy.close();
  proxy.stop();
});

test('calls beyond the limit are dropped, and waiting calls for one workflow are merged', async () => {
  const { log } = heard();
  const queue = callQueue({ outages: outageLog(log), concurrency: 1, maxQueued: 2 });
  const ran: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  queue.add('first', () => gate.then(() => ran.push('first')));
  for (const name of ['a', 'b', 'c']) queue.add(name, async () => ran.push(name));
  queue.add('a', async () => ran.push('a again'));
  open();
  await queue.drain();
  expect(ran).toEqual(['first', 'a again', 'b']);
});

async function untilStarted(id: string) {
  const handle = client.workflow.getHandle(id);
  await until(() =>
    handle.describe().then(
      () => true,
      () => false,
    ),
  );
  return handle.describe();
}

async function signalsOf(id: string) {
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  return events?.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? []);
}

test('a call that waits for its next try ends when the client is closed', async () => {
  const port = await quietPort();
  const proxy = await aProxy(port);
  const lazy = lazyClient(`127.0.0.1:${port}`, temporal.namespace);
  const { workflowService } = lazy.client();
  await workflowService.getSystemInfo({});
  proxy.stop();
  const tries = vi.spyOn(globalThis, 'setTimeout');
  const call = workflowService.getSystemInfo({});
  const result = expect(call).rejects.toMatchObject({ code: status.CANCELLED });
  // The client counts its tries in a function of this name.
  await until(() => tries.mock.calls.some(([{ name }]) => name === 'retry'));
  await lazy.close();
  await result;
  tries.mockRestore();
});

/** Passes connections on to Temporal until it is stopped, which ends them. */
async function aProxy(port: number) {
  const [host, target] = temporal.address.split(':');
  const open = new Set<Socket>();
  const proxy = createServer((socket) => {
    const upstream = connectTo(Number(target), host);
    socket.pipe(upstream).pipe(socket);
    for (const each of [socket, upstream]) open.add(each.on('error', () => each.destroy()));
  });
  await new Promise<void>((listening) => proxy.listen(port, '127.0.0.1', listening));
  return {
    stop: () => {
      proxy.close();
      for (const each of open) each.destroy();
    },
  };
}
