import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from '../../config.js';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { Store } from '../../store/mongo/connect.js';
import { type RunningWorker, startWorker, type WorkerSettings } from '../../workers/main.js';
import { LANES_PER_PROCESS, sendProcessesOf } from '../../workers/queues.js';
import { SWEEP_TIMING } from '../../workers/sweep-schedule.js';
import { DEFAULT_PREFIX } from '../../workflows/names.js';
import { type Addresses, addressesFor } from '../addresses.js';
import { joinedStore } from '../processes.js';
import { endWithin, untilStopSignal } from '../stop-signal.js';
import { serveWorkerHealth, type WorkerHealth } from './health.js';
import { serveWorkerMetrics } from './metrics.js';
import { notPolled, STOP_WITHIN, startSendProcesses } from './send-processes.js';

/** `everpost worker`: a worker alone; run as many as you like. */
export async function worker(config: Config, log: Logger): Promise<void> {
  const at = addressesFor(config, 'worker');
  const { store, close } = await joinedStore(config, at, 'worker', log);
  const registry = config.http.metricsPort === undefined ? undefined : metricsRegistryOf(config);
  let started: WorkerRole | undefined;
  const watched = await serveWorkerMetrics(config, registry, log, async () => (await started?.otherMetrics()) ?? []);
  const asked = await serveWorkerHealth(config.dataDir, () => started, log);
  const running = await runWorker(config, store, at, log, registry);
  started = running;
  log.info('worker runs');
  try {
    await Promise.race([untilStopSignal(), running.ended]);
  } finally {
    // Its own processes have ended by then.
    endWithin(STOP_WITHIN + 5_000, log);
    await running.stop();
    watched?.stop();
    await asked.stop();
    await close();
  }
}

/** Where a worker records its metrics; undefined where metrics are off. */
export function metricsRegistryOf({ http: { metricsToken } }: Config): Registry | undefined {
  return metricsToken === undefined ? undefined : new Registry();
}

/** A worker with its processes. */
export interface WorkerRole extends Omit<RunningWorker, 'status'> {
  /** How all of its processes are. */
  health(): Promise<Omit<WorkerHealth, 'pid'>>;
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
  const ownHealth = () => ({ state: worker.status().state, faults: worker.status().lost.map(notPolled) });
  if (processes === 1) return { ...worker, health: async () => ownHealth(), otherMetrics: async () => [] };
  const senders = startSendProcesses({ config, at, processes, log });
  return {
    ...worker,
    health: async () => {
      const { state, faults } = ownHealth();
      return { state, faults: [...faults, ...(await senders.faults())] };
    },
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
