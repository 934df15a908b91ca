import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { openLog } from '../api/log.js';
import { storeOf } from '../cli/addresses.js';
import { runApi } from '../cli/api.js';
import { openInstallation } from '../cli/installation.js';
import { type Config, packageRoot } from '../config.js';
import { FIRST_ACCOUNT } from '../store/accounts/accounts.js';
import { events } from '../store/events/events.js';
import { keys } from '../store/keys/keys.js';
import type { Store } from '../store/mongo/connect.js';
import { endpointWorkflowId } from '../workflows/names.js';
import { apiClient } from './harness/api-client.js';
import { machineTime } from './harness/machine-time.js';

export interface BenchWebhooksOptions {
  readonly config: Config;
  /** Events that are appended as fast as they can be (100,000). */
  readonly events?: number;
  /** Events appended one at a time, each after the previous one has arrived (50). */
  readonly single?: number;
}

interface Endpoint {
  readonly id: number;
  readonly position: number;
}

/** Measures events to one endpoint: latency of one, throughput of many, and the length of its workflow's history. */
export async function benchWebhooks(options: BenchWebhooksOptions): Promise<void> {
  const { config, events: many = 100_000, single = 50 } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-webhooks-'));
  const receiver = await clockedReceiver();
  const own = { dataDir, port: 0, allowedPrivateHosts: ['127.0.0.1'] };
  const ours: Config = { ...config, ...own, secret: 'a secret for this bench alone' };
  const at = await openInstallation(ours, () => undefined);
  const store = await storeOf(ours, at);
  const api = await runApi(ours, store, at, openLog({ ...ours, logLevel: 'error' }));
  const worker = workerProcess(ours, at);
  try {
    const { secret } = await keys(store).issue(FIRST_ACCOUNT, 'bench');
    const call = apiClient(api.address, secret);
    const endpoint = await call<Endpoint>('POST', '/webhooks', { url: receiver.url });
    // The worker is starting.
    await events(store).append([happened('warm-up')]);
    await receiver.until(1);
    await pause(1_200);
    await oneByOne(store, receiver, single);
    await drained(store, receiver, many);
    while ((await call<Endpoint>('GET', `/webhooks/${endpoint.id}`)).position < endpoint.position + 1 + single + many) {
      await pause(50);
    }
    console.log(`requests repeated: ${receiver.requests() - receiver.arrivals.size}`);
    await printHistories(at.temporalAddress, ours, endpoint.id);
  } finally {
    worker.kill('SIGTERM');
    if (worker.exitCode === null) await once(worker, 'exit');
    await api.stop();
    await store.close();
    await at.stop();
    await receiver.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function workerProcess(config: Config, at: { mongodbUrl: string; temporalAddress: string }): ChildProcess {
  return spawn(process.execPath, [join(packageRoot(), 'dist', 'cli.js'), 'worker'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: config.path,
      MONGODB_URL: at.mongodbUrl,
      TEMPORAL_ADDRESS: at.temporalAddress,
      SMTP_URL: 'smtp://127.0.0.1:9',
      EVERPOST_SECRET: config.secret,
      PUBLIC_URL: config.publicUrl,
      ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      DATA_DIR: config.dataDir,
      LOG_LEVEL: 'error',
    },
  });
}

const happened = (_id: string) => ({ _id, account: FIRST_ACCOUNT, type: 'campaign.sending', data: {} });

async function oneByOne(store: Store, receiver: ClockedReceiver, count: number): Promise<void> {
  const waits: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const known = receiver.arrivals.size;
    const begun = machineTime();
    await events(store).append([happened(`single:${n}`)]);
    await receiver.until(known + 1);
    waits.push(machineTime() - begun);
    // A second notification within the same second is delayed.
    await pause(1_200);
  }
  waits.sort((a, b) => a - b);
  const at = (share: number) => (waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0).toFixed(0);
  console.log(`one event, from its append to the endpoint: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms (${count} one by one)`);
}

const AT_ONCE = 1_000;

async function drained(store: Store, receiver: ClockedReceiver, many: number): Promise<void> {
  const known = receiver.arrivals.size;
  const begun = machineTime();
  for (let first = 0; first < many; first += AT_ONCE) {
    const size = Math.min(AT_ONCE, many - first);
    await events(store).append(Array.from({ length: size }, (_, i) => happened(`many:${first + i}`)));
  }
  const appended = machineTime();
  await receiver.until(known + many);
  const seconds = (machineTime() - begun) / 1_000;
  console.log(
    `${many} events: appended in ${((appended - begun) / 1_000).toFixed(1)} s, all delivered after ${seconds.toFixed(1)} s: ${(many / seconds).toFixed(0)}/s`,
  );
}

async function printHistories(address: string, config: Config, id: number): Promise<void> {
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection, namespace: config.temporalNamespace });
  const lengths: number[] = [];
  for await (const run of workflow.list({ query: `WorkflowId = '${endpointWorkflowId(id)}'` })) {
    const { historyLength } = await workflow.getHandle(run.workflowId, run.runId).describe();
    lengths.push(historyLength);
  }
  console.log(`its workflow: ${lengths.length} runs, longest history ${Math.max(0, ...lengths)} events`);
  await connection.close();
}

interface ClockedReceiver {
  readonly url: string;
  /** First arrival of each id. */
  readonly arrivals: ReadonlyMap<string, number>;
  /** Requests, repetitions included. */
  requests(): number;
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** An endpoint that answers 204 and records when each event arrived. */
async function clockedReceiver(): Promise<ClockedReceiver> {
  const arrivals = new Map<string, number>();
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      requests += 1;
      const id = String(request.headers['webhook-id']);
      if (!arrivals.has(id)) arrivals.set(id, machineTime());
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    arrivals,
    requests: () => requests,
    until: async (count) => {
      while (arrivals.size < count) await pause(5);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
