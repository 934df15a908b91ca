import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { asApplicationFailure } from '../activities/failures.js';
import { sweepInbound } from '../activities/inbound/sweep.js';
import {
  type ActivityDeps,
  hookActivities,
  modelActivities,
  sendActivities,
  stepActivities,
} from '../activities/index.js';
import { endpointBell } from '../activities/webhook/bell.js';
import { queuesOf } from '../workflows/names.js';
import { workflowBundle } from './bundle.js';
import { workerEngine } from './engine.js';
import { watchInbound } from './inbound-watch.js';
import { prepareNamespace } from './namespace.js';
import { activityParts, type Surroundings } from './parts.js';
import { patiently } from './patience.js';
import { hookQueue, MODEL_QUEUE, messageQueue, STEP_QUEUE, sendQueue, WORKFLOW_QUEUE } from './queues.js';
import { watchRiver } from './river-watch.js';
import { installRuntime } from './runtime.js';
import { ensureSweep, keepSweep, type SweepPace } from './schedule.js';
import { orderlyStop } from './stop.js';

export interface WorkerParts extends Surroundings {
  readonly temporalAddress: string;
  /** Names the installation's queues. */
  readonly prefix: string;
  readonly pace: SweepPace;
  /** Bundled once by whoever starts several workers. */
  readonly bundle?: WorkerOptions['workflowBundle'];
}

export interface RunningWorker {
  /** Ends when the worker has stopped; rejects if it could not go on. */
  readonly ended: Promise<void>;
  /** On the connection of this worker: what is started with it may begin here at once. Undefined once it stops. */
  client(): Client | undefined;
  /** Claims no more, settles what is open, then ends. */
  stop(): Promise<void>;
}

/** The composition root of a worker process: workflows, steps and sending lanes over one connection. */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { times, temporalAddress: address, prefix, config } = parts;
  const namespace = config.temporalNamespace;
  installRuntime(parts.log);
  const stop = orderlyStop();
  const connection = await connected(address, parts);
  const client = new Client({ connection, namespace });
  const prepare = () => prepareNamespace(connection, namespace);
  await patiently('namespace', prepare, parts.log);

  const shared = await activityParts(parts, stop);
  const deps: ActivityDeps = { ...shared, engine: workerEngine({ client, prefix }) };
  const workers = await createWorkers(parts, connection, deps);
  const unwatch = watchStore(shared, deps);
  const forgetSweep = keepSweep({ client, prefix, pace: parts.pace, prepare, log: parts.log });
  let drain: NodeJS.Timeout | undefined;
  const shutdown = () => {
    if (stop.stopping.aborted) return;
    stop.begin();
    drain = setTimeout(() => stop.letGo(shared.ways), times.drain);
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  // One queue that cannot go on takes the others with it: half a worker would look alive.
  const running = Promise.all(workers.map((worker) => worker.run().finally(shutdown)));
  const ended = running
    .finally(() => clearTimeout(drain))
    .finally(forgetSweep)
    .finally(() => shared.ways.close())
    .finally(unwatch)
    .finally(() => shared.web.close())
    .finally(() => shared.renderer.close())
    .finally(() => shared.messageSteps.ended())
    .finally(() => connection.close())
    .then(() => undefined);
  ended.catch(() => undefined);
  await patiently('sweep', () => ensureSweep(client, prefix, parts.pace), parts.log);
  return {
    ended,
    client: () => (stop.stopping.aborted ? undefined : client),
    stop: async () => {
      shutdown();
      await ended;
    },
  };
}

/** Hears of what other processes have added, events and reports; the sweep finds what is missed. */
function watchStore(shared: Awaited<ReturnType<typeof activityParts>>, deps: ActivityDeps): () => Promise<unknown> {
  const ends = [
    watchRiver({ ...shared, ring: endpointBell(deps) }),
    watchInbound({ ...shared, read: () => sweepInbound(deps) }),
  ];
  return () => Promise.all(ends.map((end) => end()));
}

/** Temporal may come up after us: a worker waits for it as long as it takes. */
function connected(address: string, { log }: WorkerParts): Promise<NativeConnection> {
  // Nothing but ids and counts goes over it: too little to be worth compressing.
  const connect = () => NativeConnection.connect({ address, grpcCompression: { codec: 'none' } });
  return patiently(`connection to ${address}`, connect, log, Number.POSITIVE_INFINITY);
}

/** The workers of a process, one a queue. Tests give them a connection to a server whose time they move. */
export async function createWorkers(
  parts: Pick<WorkerParts, 'prefix' | 'config' | 'bundle' | 'lanes' | 'times'>,
  connection: NativeConnection,
  deps: ActivityDeps,
): Promise<Worker[]> {
  const queues = queuesOf(parts.prefix);
  const common = {
    connection,
    namespace: parts.config.temporalNamespace,
    interceptors: { activity: [() => ({ inbound: { execute: translated } })] },
  } satisfies Partial<WorkerOptions>;
  const workflowCode = parts.bundle ?? (await workflowBundle());
  return Promise.all([
    Worker.create({ ...common, ...WORKFLOW_QUEUE, taskQueue: queues.workflows, workflowBundle: workflowCode }),
    Worker.create({ ...common, ...STEP_QUEUE, taskQueue: queues.steps, activities: stepActivities(deps) }),
    Worker.create({ ...common, ...MODEL_QUEUE, taskQueue: queues.model, activities: modelActivities(deps) }),
    Worker.create({
      ...common,
      ...sendQueue(parts.lanes, parts.times),
      taskQueue: queues.send,
      activities: sendActivities(deps),
    }),
    Worker.create({
      ...common,
      ...hookQueue(parts.times),
      taskQueue: queues.hooks,
      activities: hookActivities(deps),
    }),
    Worker.create({
      ...common,
      ...messageQueue(parts.times),
      taskQueue: queues.messages,
      workflowBundle: workflowCode,
      activities: deps.messageSteps.activities,
    }),
  ]);
}

async function translated<I, O>(input: I, next: (input: I) => Promise<O>): Promise<O> {
  try {
    return await next(input);
  } catch (error) {
    throw asApplicationFailure(error);
  }
}
