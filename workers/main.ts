import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import {
  DefaultLogger,
  type LogEntry,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { asApplicationFailure } from '../activities/failures.js';
import { sweepInbound } from '../activities/inbound/sweep.js';
import {
  type ActivityDeps,
  hookActivities,
  modelActivities,
  sendActivities,
  stepActivities,
} from '../activities/index.js';
import { endpointNotifier } from '../activities/webhook/notifier.js';
import { queuesOf } from '../workflows/names.js';
import { workflowBundle } from './bundle.js';
import { workerEngine } from './engine.js';
import { prepareNamespace } from './namespace.js';
import {
  hookQueue,
  MODEL_QUEUE,
  messageQueue,
  type SendQueueDeps,
  STEP_QUEUE,
  sendQueue,
  WORKFLOW_QUEUE,
} from './queues.js';
import { ensureSweep, type SweepTiming, watchSweepSchedule } from './sweep-schedule.js';
import { watchEventLog, watchInbound } from './watch.js';
import { activityWiring, orderlyStop, type WorkerDependencies } from './wiring.js';

export interface WorkerSettings extends WorkerDependencies {
  readonly temporalAddress: string;
  /** Prefix of the installation's queues. */
  readonly prefix: string;
  readonly sweepTiming: SweepTiming;
  /** Loads the renderer at the start, so that the first letter does not wait for it. */
  readonly warm?: boolean;
  /** Bundled once by a caller that starts several workers. */
  readonly bundle?: WorkerOptions['workflowBundle'];
}

export interface RunningWorker {
  /** Resolves when the worker has stopped; rejects if it failed. */
  readonly ended: Promise<void>;
  /** On the connection of this worker, so that workflows started with it can begin here at once. Undefined once it stops. */
  client(): Client | undefined;
  /** Claims no more work, settles open work, then ends. */
  stop(): Promise<void>;
}

/** The composition root of a worker process: workflows, activities and sending lanes over one connection. */
export async function startWorker(settings: WorkerSettings): Promise<RunningWorker> {
  const { times, temporalAddress: address, prefix, config } = settings;
  const namespace = config.temporalNamespace;
  installRuntime(settings.log);
  const stop = orderlyStop();
  const connection = await connectToTemporal(address, settings);
  const client = new Client({ connection, namespace });
  const prepare = () => prepareNamespace(connection, namespace);
  await withRetries('namespace', prepare, settings.log);

  const shared = await activityWiring(settings, stop);
  const deps = { ...shared, engine: workerEngine({ client, prefix }) };
  const workers = await createWorkers(settings, connection, deps);
  const unwatch = watchStore(shared, deps);
  if (settings.warm === true) void shared.renderer.warmUp();
  const { sweepTiming: timing, log } = settings;
  const stopSweepChecks = watchSweepSchedule({ client, prefix, timing, prepare, log });
  let drain: NodeJS.Timeout | undefined;
  const shutdown = () => {
    if (stop.stopping.aborted) return;
    stop.begin();
    drain = setTimeout(() => stop.drain(shared.outgoing), times.drain);
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  // A queue that fails stops the others: a partial worker would look healthy.
  const running = Promise.all(workers.map((worker) => worker.run().finally(shutdown)));
  const ended = running
    .finally(() => clearTimeout(drain))
    .finally(stopSweepChecks)
    .finally(() => shared.outgoing.close())
    .finally(unwatch)
    .finally(() => shared.web.close())
    .finally(() => Promise.all([shared.renderer.close(), shared.signing.close()]))
    .finally(() => shared.messageSteps.ended())
    .finally(() => connection.close())
    .then(() => undefined);
  ended.catch(() => undefined);
  await withRetries('sweep', () => ensureSweep(client, prefix, settings.sweepTiming), settings.log);
  return {
    ended,
    client: () => (stop.stopping.aborted ? undefined : client),
    stop: async () => {
      shutdown();
      await ended;
    },
  };
}

/** Watches for events and reports of other processes; the sweep finds missed ones. */
function watchStore(shared: Awaited<ReturnType<typeof activityWiring>>, deps: ActivityDeps): () => Promise<unknown> {
  const stops = [
    watchEventLog({ ...shared, notify: endpointNotifier(deps) }),
    watchInbound({ ...shared, read: () => sweepInbound(deps) }),
  ];
  return () => Promise.all(stops.map((stop) => stop()));
}

/** Temporal may start later: a worker waits for it without a limit. */
function connectToTemporal(address: string, { log }: WorkerSettings): Promise<NativeConnection> {
  // The connection carries ids and counts only: compression is not worth its cost.
  const connect = () => NativeConnection.connect({ address, grpcCompression: { codec: 'none' } });
  return withRetries(`connection to ${address}`, connect, log, Number.POSITIVE_INFINITY);
}

/** The workers of a process, one per queue. Tests pass a connection to a server with time skipping. */
export async function createWorkers(
  settings: Pick<WorkerSettings, 'prefix' | 'config' | 'bundle' | 'lanes' | 'times'>,
  connection: NativeConnection,
  deps: ActivityDeps & SendQueueDeps,
): Promise<Worker[]> {
  const queues = queuesOf(settings.prefix);
  const common = {
    connection,
    namespace: settings.config.temporalNamespace,
    interceptors: { activity: [() => ({ inbound: { execute: translateFailures } })] },
  } satisfies Partial<WorkerOptions>;
  const workflowCode = settings.bundle ?? (await workflowBundle());
  return Promise.all([
    Worker.create({ ...common, ...WORKFLOW_QUEUE, taskQueue: queues.workflows, workflowBundle: workflowCode }),
    Worker.create({ ...common, ...STEP_QUEUE, taskQueue: queues.steps, activities: stepActivities(deps) }),
    Worker.create({ ...common, ...MODEL_QUEUE, taskQueue: queues.model, activities: modelActivities(deps) }),
    Worker.create({
      ...common,
      ...sendQueue(settings.lanes, settings.times, deps),
      taskQueue: queues.send,
      activities: sendActivities(deps),
    }),
    Worker.create({
      ...common,
      ...hookQueue(settings.times),
      taskQueue: queues.hooks,
      activities: hookActivities(deps),
    }),
    Worker.create({
      ...common,
      ...messageQueue(settings.times),
      taskQueue: queues.messages,
      workflowBundle: workflowCode,
      activities: deps.messageSteps.activities,
    }),
  ]);
}

async function translateFailures<I, O>(input: I, next: (input: I) => Promise<O>): Promise<O> {
  try {
    return await next(input);
  } catch (error) {
    throw asApplicationFailure(error);
  }
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
      log.warn({ what, tries, error: String(error) }, 'Temporal did not accept the request; it is retried');
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
