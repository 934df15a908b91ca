import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { asApplicationFailure } from '../activities/failures.js';
import {
  type ActivityDeps,
  hookActivities,
  messageQueueActivities,
  modelActivities,
  sendActivities,
  stepActivities,
} from '../activities/index.js';
import { activeTracing } from '../tracing/active.js';
import { queuesOf } from '../workflows/names.js';
import { workflowBundle as bundledWorkflows } from './bundle.js';
import {
  hookQueue,
  MODEL_QUEUE,
  messageQueue,
  type SendQueueDeps,
  STEP_QUEUE,
  sendQueue,
  WORKFLOW_QUEUE,
} from './queues.js';
import type { WorkerDependencies } from './wiring.js';

export interface QueueSettings extends Pick<WorkerDependencies, 'config' | 'lanes' | 'times'> {
  /** Prefix of the installation's queues. */
  readonly prefix: string;
  /** Bundled once by a caller that starts several workers. */
  readonly bundle?: WorkerOptions['workflowBundle'];
  /** `send`: the queue of campaigns alone; `others`: all but it; undefined: all. */
  readonly part?: 'send' | 'others' | undefined;
}

/** Makes the worker of one queue; again where the former one has failed. */
export type WorkerMaker = () => Promise<Worker>;

/** One for each queue of a process. Tests pass a connection to a server with time skipping. */
export async function workerMakers(
  settings: QueueSettings,
  connection: NativeConnection,
  deps: ActivityDeps & SendQueueDeps,
): Promise<WorkerMaker[]> {
  const { part, times } = settings;
  const tracing = activeTracing();
  const translating: ActivityInterceptorsFactory = () => ({ inbound: { execute: translateFailures } });
  const common = {
    connection,
    namespace: settings.config.temporalNamespace,
    interceptors: { activity: tracing === undefined ? [translating] : [tracing.activities, translating] },
    ...(tracing !== undefined && { sinks: tracing.sinks }),
    // No activity that goes on regardless may keep a stopped process alive.
    shutdownForceTime: times.shutdownGrace + times.drain,
  } satisfies Partial<WorkerOptions>;
  const sends = part === 'others' ? [] : [sendMaker(settings, common, deps)];
  return part === 'send' ? sends : [...sends, ...(await otherMakers(settings, common, deps))];
}

type Common = Pick<WorkerOptions, 'connection' | 'namespace' | 'interceptors' | 'sinks' | 'shutdownForceTime'>;

function sendMaker(
  { prefix, lanes, times }: QueueSettings,
  common: Common,
  deps: ActivityDeps & SendQueueDeps,
): WorkerMaker {
  const activities = sendActivities(deps);
  const taskQueue = queuesOf(prefix).send;
  // The slots are of one worker: a new one counts its own.
  return () => Worker.create({ ...common, ...sendQueue(lanes, times, deps), taskQueue, activities });
}

async function otherMakers(
  { prefix, bundle, times }: QueueSettings,
  common: Common,
  deps: ActivityDeps,
): Promise<WorkerMaker[]> {
  const queues = queuesOf(prefix);
  const workflowBundle = bundle ?? (await bundledWorkflows());
  const activities = stepActivities(deps);
  const options: WorkerOptions[] = [
    { ...common, ...WORKFLOW_QUEUE, taskQueue: queues.workflows, workflowBundle, activities },
    { ...common, ...STEP_QUEUE, taskQueue: queues.steps, activities },
    { ...common, ...MODEL_QUEUE, taskQueue: queues.model, activities: modelActivities(deps) },
    { ...common, ...hookQueue(times), taskQueue: queues.hooks, activities: hookActivities(deps) },
    {
      ...common,
      ...messageQueue(times),
      taskQueue: queues.messages,
      workflowBundle,
      activities: messageQueueActivities(deps),
    },
  ];
  return options.map((of) => () => Worker.create(of));
}

/** How a process of a worker is. */
export interface ProcessStatus {
  /** `starting`: it waits for Temporal, or prepares its queues. */
  readonly state: 'starting' | 'running' | 'stopping';
  /** Queues that it should poll and does not: their worker failed, or stopped while the process goes on. */
  readonly lost: readonly string[];
}

type PolledQueue = Pick<Worker, 'getStatus' | 'options'>;

/** The status of a process with these workers. A worker whose Temporal is away still polls: it retries. */
export function processStatus(workers: readonly PolledQueue[], isStopping: boolean): ProcessStatus {
  const isLost = (worker: PolledQueue): boolean => {
    const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
    const states = [runState, workflowPollerState, activityPollerState];
    return states.includes('FAILED') || (!isStopping && runState !== 'RUNNING');
  };
  const lost = workers.filter(isLost).map(({ options: { taskQueue } }) => taskQueue);
  return { state: isStopping ? 'stopping' : 'running', lost };
}

async function translateFailures<I, O>(input: I, next: (input: I) => Promise<O>): Promise<O> {
  try {
    return await next(input);
  } catch (error) {
    throw asApplicationFailure(error);
  }
}
