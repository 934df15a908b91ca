import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config.js';
import { startMongo } from '../../servers/mongodb/mongodb.js';
import { startTemporal } from '../../servers/temporal.js';
import { openStore, type Store } from '../../store/mongo/connect.js';
import { apiClient } from '../harness/api-client.js';
import { stopped } from '../harness/child.js';
import { commandProcess, type EverpostProcess, servingProcess } from '../harness/everpost-process.js';
import { cpuOf, peakMemory, resetPeakMemory } from '../harness/processes.js';

export const PROCESSES = ['api', 'worker', 'mongod', 'temporal'] as const;
export type PerProcess = Readonly<Record<(typeof PROCESSES)[number], number>>;

/** A whole installation: embedded MongoDB and Temporal, the API and one worker, each in a process of its own. */
export interface Product {
  readonly api: EverpostProcess;
  readonly call: ReturnType<typeof apiClient>;
  readonly store: Store;
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
  /** CPU milliseconds of each process so far. */
  cpu(): PerProcess;
  /** MiB that each process has had resident at most since the last reset. */
  memory(): PerProcess;
  resetMemory(): void;
  stop(): Promise<void>;
}

interface ProductPlan {
  readonly config: Config;
  readonly smtpUrl: string;
  readonly connections: number;
}

export async function startProduct({ config, smtpUrl, connections }: ProductPlan): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'everpost-bench-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  const started = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    stops.push(() => one.stop());
    return one;
  };
  try {
    const plan = { config, dataDir, port: 0, report: () => undefined };
    const mongo = started(await startMongo(plan));
    const temporal = started(await startTemporal({ ...plan, uiPort: 0 }));
    const environment = {
      MONGODB_URL: mongo.url,
      MONGODB_DATABASE: config.mongodbDatabase,
      TEMPORAL_ADDRESS: temporal.address,
      SMTP_URL: smtpUrl,
      SMTP_CONNECTIONS: String(connections),
      EVERPOST_SECRET: 'a secret for this bench alone',
      DATA_DIR: dataDir,
    };
    const api = started(await servingProcess(config, 'api', environment));
    const worker = commandProcess(config, 'worker', environment);
    started({ stop: () => stopped(worker) });
    const store = await openStore({ url: mongo.url, database: config.mongodbDatabase });
    stops.push(store.close);
    const pids = { api: api.pid, worker: worker.pid ?? 0, mongod: mongo.pid, temporal: temporal.pid };
    const addresses = { mongodbUrl: mongo.url, temporalAddress: temporal.address };
    return { api, call: apiClient(api.address, api.key), store, ...addresses, ...measuring(pids), stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

function measuring(pids: PerProcess) {
  return {
    cpu: () => perProcess((name) => cpuOf(pids[name])),
    memory: () => perProcess((name) => peakMemory(pids[name])),
    resetMemory: () => {
      for (const name of PROCESSES) resetPeakMemory(pids[name]);
    },
  };
}

export function perProcess(of: (name: keyof PerProcess) => number): PerProcess {
  return { api: of('api'), worker: of('worker'), mongod: of('mongod'), temporal: of('temporal') };
}
