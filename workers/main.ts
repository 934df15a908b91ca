import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { DefaultLogger, type LogEntry, NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { sweepInbound } from '../activities/inbound/sweep.js';
import type { ActivityDeps } from '../activities/index.js';
import { endpointNotifier } from '../activities/webhook/notifier.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { activeTracing } from '../tracing/active.js';
import { workerEngine } from './engine.js';
import { keepQueues } from './kept-queues.js';
import { prepareNamespace } from './namespace.js';
import { type ProcessStatus, processStatus, type QueueSettings, workerMakers } from './queue-workers.js';
import { ensureSweep, type SweepTiming, watchSweepSchedule } from './sweep-schedule.js';
import { watchEventLog, watchInbound } from './watch.js';
import { activityWiring, orderlyStop, type WorkerDependencies } from './wiring.js';

export interface WorkerSettings extends WorkerDependencies, QueueSettings {
  readonly temporalAddress: string;
  readonly sweepTiming: SweepTiming;
  /** Loads the renderer at the start, so that the first letter does not wait for it. */
  readonly warm?: boolean;
}

export interface RunningWorker {
  /** Resolves when the worker has stopped; rejects if it failed. */
  readonly ended: Promise<void>;
  /** On the connection of this worker, so that workflows started with it can begin here at once. Undefined once it stops. */
  client(): Client | undefined;
  /** Resolves when the process has few messages to send. */
  untilNotBusy(): Promise<void>;
  status(): ProcessStatus;
  /** Claims no more work, settles open work, then ends. */
  stop(): Promise<void>;
}

/** The composition root of a worker process: workflows, activities and sending lanes over one connection. */
export async function startWorker(settings: WorkerSettings): Promise<RunningWorker> {
  const { times, temporalAddress: address, prefix, config, log } = settings;
  const namespace = config.temporalNamespace;
  installRuntime(log);
  const stop = orderlyStop();
  const connection = await connectToTemporal(address, settings);
  const client = new Client({ connection, namespace, interceptors: { ...activeTracing()?.client } });
  const prepare = () => prepareNamespace(connection, namespace);
  await withRetries('namespace', prepare, log);

  const shared = await activityWiring(settings, stop);
  const deps = { ...shared, engine: workerEngine({ client, prefix, publicUrl: config.publicUrl }) };
  const repair = () => repaired(settings, client, prepare);
  const makers = await workerMakers(settings, connection, deps);
  const queues = await keepQueues({ makers, repair, giveUp: () => shutdown(), stopping: stop.stopping, log });
  const duties = settings.part === 'send' ? NO_DUTIES : beginDuties(settings, client, prepare, shared, deps);
  begin(settings, shared);
  let drain: NodeJS.Timeout | undefined;
  const shutdown = () => {
    if (stop.stopping.aborted) return;
    stop.begin();
    drain = setTimeout(() => stop.drain(shared.outgoing), times.drain);
    queues.shutdown();
  };
  const ended = queues.ended
    .finally(() => clearTimeout(drain))
    .finally(duties.stopChecks)
    .finally(() => shared.outgoing.close())
    .finally(duties.unwatch)
    .finally(() => shared.web.close())
    .finally(() => Promise.all([shared.renderer.close(), shared.tasks.close(), shared.signing.close()]))
    .finally(() => shared.messageSteps.ended().finally(shared.ownerWatch.end))
    .finally(() => closed(connection, log));
  ended.catch(() => undefined);
  await duties.begun;
  return {
    ended,
    client: () => (stop.stopping.aborted ? undefined : client),
    untilNotBusy: shared.messageSteps.untilNotBusy,
    status: () => processStatus(queues.workers(), stop.stopping.aborted),
    stop: async () => {
      shutdown();
      await ended;
    },
  };
}

/** A worker that failed and did not end holds its connection, which then ends with the process. */
async function closed(connection: NativeConnection, log: Pick<Logger, 'warn'>): Promise<void> {
  await connection
    .close()
    .catch((error) =>
      log.warn({ error: String(error) }, 'the connection to Temporal stays open until the process ends'),
    );
}

/** Makes what workers need and an emptied Temporal has lost; the sweep then restores the rest. */
async function repaired(
  { part, prefix, sweepTiming }: WorkerSettings,
  client: Client,
  prepare: () => Promise<unknown>,
): Promise<void> {
  await prepare();
  if (part !== 'send') await ensureSweep(client, prefix, sweepTiming);
}

type Wiring = Awaited<ReturnType<typeof activityWiring>>;

function begin({ warm }: WorkerSettings, { renderer, ownerWatch }: Wiring): void {
  if (warm === true) void renderer.warmUp();
  ownerWatch.begin();
}

/** What a worker does besides its queues. */
interface Duties {
  /** The sweep is scheduled. */
  readonly begun: Promise<void>;
  readonly stopChecks: () => void;
  readonly unwatch: () => Promise<unknown>;
}

const NO_DUTIES: Duties = {
  begun: Promise.resolve(),
  stopChecks: () => undefined,
  unwatch: async () => undefined,
};

function beginDuties(
  { prefix, sweepTiming: timing, log }: WorkerSettings,
  client: Client,
  prepare: () => Promise<unknown>,
  shared: Wiring,
  deps: ActivityDeps,
): Duties {
  const begun = withRetries('sweep', () => ensureSweep(client, prefix, timing), log);
  begun.catch(() => undefined);
  return {
    begun,
    stopChecks: watchSweepSchedule({ client, prefix, timing, prepare, log }),
    unwatch: watchStore(shared, deps),
  };
}

/** Watches for events and reports of other processes; the sweep finds missed ones. */
function watchStore(shared: Wiring, deps: ActivityDeps): () => Promise<unknown> {
  const stops = [
    watchEventLog({ ...shared, notify: endpointNotifier(deps) }),
    watchInbound({ ...shared, read: () => sweepInbound(deps) }),
  ];
  return () => Promise.all(stops.map((stop) => stop()));
}

/** Temporal may start later: a worker waits for it without a limit. */
function connectToTemporal(address: string, { log, config }: WorkerSettings): Promise<NativeConnection> {
  const access = temporalConnection(config.temporalAccess);
  // The connection carries ids and counts only: compression is not worth its cost.
  const connect = () => NativeConnection.connect({ address, ...access, grpcCompression: { codec: 'none' } });
  return withRetries(`connection to ${address}`, connect, log, Number.POSITIVE_INFINITY);
}

/** Maximum tries of a start that reached Temporal: further retries would only hide the error. */
const MAX_TRIES = 10;
const BETWEEN_TRIES = 1_000;

/** Retries a start every second while Temporal is not up or answers too late; throws the error of the last try. */
async function withRetries<T>(
  what: string,
  attempt: () => Promise<T>,
  log: Pick<Logger, 'warn'>,
  maxTries = MAX_TRIES,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === maxTries) throw error;
      log.warn(
        { what, tries, error: String(error) },
        'Temporal did not accept a request of the start; it is retried every second',
      );
      await delay(BETWEEN_TRIES);
    }
  }
}

let installed = false;

/** Writes Temporal's log from `warn` on to our log; signals stay with us. Once per process, before any worker. */
export function installRuntime(log: Logger): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }: LogEntry) => {
      const details = { temporal: meta ?? {} };
      if (level === 'ERROR') log.error(details, message);
      else log.warn(details, message);
    }),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: 'temporalio_sdk_core=WARN,temporalio_client=ERROR', forward: {} } },
  });
}
