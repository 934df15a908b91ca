import type { FastifyBaseLogger } from 'fastify';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { lazyClient, temporalEngine } from '../api/engine/engine.js';
import { type ApiServer, serveApi } from '../api/server.js';
import type { Config } from '../config.js';
import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';
import { openStore, type Store } from '../store/mongo/connect.js';
import { type RunningWorker, startWorker } from '../workers/main.js';
import { LANES_PER_PROCESS } from '../workers/queues.js';
import { SWEEP_TIMING } from '../workers/sweep-schedule.js';
import { DEFAULT_PREFIX } from '../workflows/names.js';
import type { Installation } from './installation.js';

type Addresses = Pick<Installation, 'mongodbUrl' | 'temporalAddress' | 'smtpUrl'>;

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
  readonly worker?: () => RunningWorker | undefined;
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
    localClient: () => worker()?.client(),
    prefix: DEFAULT_PREFIX,
    log: log as FastifyBaseLogger,
  });
  const server = await serveApi({ config, store, engine, log: log as FastifyBaseLogger, registry });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      await engine.close();
      await temporal.close();
    },
  };
}

/** The worker role over an open store. */
export function runWorker(
  config: Config,
  store: Store,
  at: Addresses,
  log: Logger,
  registry?: Registry,
): Promise<RunningWorker> {
  return startWorker({
    config,
    store,
    log,
    registry,
    temporalAddress: at.temporalAddress,
    smtpUrl: at.smtpUrl,
    times: PROTOCOL_TIMES,
    lanes: LANES_PER_PROCESS,
    prefix: DEFAULT_PREFIX,
    sweepTiming: SWEEP_TIMING,
    warm: true,
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
