import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { lazyClient, temporalEngine } from '../api/engine/engine.js';
import { type ApiServer, serveApi } from '../api/server.js';
import type { Config } from '../config.js';
import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';
import { messages } from '../store/messages/messages.js';
import { openStore, type Store } from '../store/mongo/connect.js';
import { type RunningWorker, startWorker, type WorkerSettings } from '../workers/main.js';
import { LANES_PER_PROCESS, sendProcessesOf } from '../workers/queues.js';
import { SWEEP_TIMING } from '../workers/sweep-schedule.js';
import { DEFAULT_PREFIX } from '../workflows/names.js';
import type { Addresses } from './installation.js';
import { startSendProcesses } from './send-processes.js';

export function storeOf(config: Config, { mongodbUrl }: Pick<Addresses, 'mongodbUrl'>): Promise<Store> {
  return openStore({ url: mongodbUrl, database: config.mongodbDatabase });
}

/** Where a worker records its metrics; undefined where metrics are off. */
export function metricsRegistryOf({ http: { metricsToken } }: Config): Registry | undefined {
  return metricsToken === undefined ? undefined : new Registry();
}

/** What the API sees of a worker in the same process. */
interface SameProcess {
  /** The worker, while it runs. */
  readonly worker?: () => WorkerRole | undefined;
  readonly registry?: Registry | undefined;
}

/** The API role over an open store. */
export async function runApi(
  config: Config,
  store: Store,
  at: Addresses,
  log: Logger,
  { worker = () => undefined, registry }: SameProcess = {},
): Promise<ApiServer> {
  const temporal = lazyClient(at.temporalAddress, config.temporalNamespace);
  const engine = temporalEngine({
    client: temporal.client,
    localWorker: worker,
    prefix: DEFAULT_PREFIX,
    log: log as FastifyBaseLogger,
    messages: messages(store),
  });
  const otherMetrics = async () => (await worker()?.otherMetrics()) ?? [];
  const server = await serveApi({ config, store, engine, log: log as FastifyBaseLogger, registry, otherMetrics });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await engine.close();
      await temporal.close();
    },
  };
}

/** A worker with its processes. */
export interface WorkerRole extends RunningWorker {
  /** Metrics of the processes that send campaigns, each in Prometheus' text format. */
  otherMetrics(): Promise<readonly string[]>;
}

/** The worker role over an open store. Where several processes send campaigns, all other queues stay in this one. */
export async function runWorker(
  config: Config,
  store: Store,
  { mongodbUrl, temporalAddress, smtpUrl }: Addresses,
  log: Logger,
  registry?: Registry,
): Promise<WorkerRole> {
  const at = { mongodbUrl, temporalAddress, smtpUrl };
  const processes = sendProcessesOf(config);
  const part = processes === 1 ? undefined : 'others';
  const worker = await startPart({ config, store, at, log, registry, part });
  if (processes === 1) return { ...worker, otherMetrics: async () => [] };
  const senders = startSendProcesses({ config, at, processes, log });
  return {
    ...worker,
    ended: worker.ended.finally(senders.stop),
    stop: async () => {
      await Promise.all([worker.stop(), senders.stop()]);
    },
    otherMetrics: senders.metrics,
  };
}

type PartSettings = Pick<WorkerSettings, 'config' | 'store' | 'log' | 'registry' | 'part' | 'share'>;

/** The part of a worker that runs in this process. */
export function startPart({ at, ...settings }: PartSettings & { readonly at: Addresses }): Promise<RunningWorker> {
  return startWorker({
    ...settings,
    temporalAddress: at.temporalAddress,
    smtpUrl: at.smtpUrl,
    times: PROTOCOL_TIMES,
    lanes: LANES_PER_PROCESS,
    prefix: DEFAULT_PREFIX,
    sweepTiming: SWEEP_TIMING,
    warm: settings.part !== 'send',
  });
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      resolve();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  });
}
