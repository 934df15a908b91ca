import { ActivityCancellationType, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';
import { queuesOf } from './names.js';

/**
 * The activities, grouped by timeouts and retries. `summary` says in the Temporal UI what the call is for: one line, no names.
 * The workflow's task queue is the installation's prefix; the others derive from it.
 */
function queues() {
  return queuesOf(workflowInfo().taskQueue);
}

/** Reads and writes of rows: milliseconds, retried until the store is available. */
export function quickSteps(summary: string) {
  return proxyActivities<Activities>({
    summary,
    taskQueue: queues().steps,
    startToCloseTimeout: '30s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' },
  });
}

/**
 * The same, on the worker that runs the workflow: no task of its own and one event, but the workflow receives nothing until
 * it ends. For steps that are quick for every row, and idempotent like all others. They run one at a time (`interceptors.ts`).
 */
export function localSteps(summary: string) {
  return proxyLocalActivities<Activities>({
    summary,
    startToCloseTimeout: '30s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' },
  });
}

/** A pass of the sweep: each part has its own timeout and error handling, so a pass may take minutes. Heartbeat every 5 s. */
export function sweepSteps(summary: string) {
  return proxyActivities<Pick<Activities, 'sweepRows'>>({
    summary,
    taskQueue: queues().steps,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '12s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' },
  });
}

/** Steps over a whole audience: minutes, with a heartbeat; idempotent, so they can restart at any point. */
export function heavySteps(summary: string) {
  return proxyActivities<Activities>({
    summary,
    taskQueue: queues().steps,
    startToCloseTimeout: '2h',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });
}

/** One request to a newsletter's source: an external server may be slow, so a heartbeat detects a lost worker. */
export function sourceSteps(summary: string) {
  return proxyActivities<Pick<Activities, 'prepareIssue'>>({
    summary,
    taskQueue: queues().steps,
    startToCloseTimeout: '2m',
    heartbeatTimeout: '6s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '10s' },
  });
}

/**
 * One call of a language model: expensive, seconds to a minute. Retried where waiting may help, for fifteen seconds in all, so
 * that a request that waits for the draft (30 s) hears that the model fails.
 */
export function modelSteps(summary: string) {
  return proxyActivities<Pick<Activities, 'writeDraft'>>({
    summary,
    taskQueue: queues().model,
    startToCloseTimeout: '60s',
    heartbeatTimeout: '15s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '8s', maximumAttempts: 5 },
  });
}

/** The first attempt of a message or a group, on the worker that runs its workflow: seconds, never retried. */
export function firstAttempt(summary: string) {
  return proxyLocalActivities<Pick<Activities, 'beginMessage' | 'beginMessages'>>({
    summary,
    startToCloseTimeout: '4s',
    retry: { maximumAttempts: 1 },
  });
}

/** Attempts of a message or a group, on the queue of its workflow: the server's reply to the final dot may take ten minutes. */
export function messageSteps(summary: string) {
  return proxyActivities<Pick<Activities, 'deliverMessage' | 'deliverMessages'>>({
    summary,
    taskQueue: workflowInfo().taskQueue,
    allowEagerDispatch: true,
    startToCloseTimeout: '12m',
    heartbeatTimeout: '8s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
  });
}

/** Deliveries to one endpoint: a pass of 20 s plus the requests open at its end; the row stores the progress. */
export function hookSteps(summary: string) {
  return proxyActivities<Pick<Activities, 'deliverEvents'>>({
    summary,
    taskQueue: queues().hooks,
    startToCloseTimeout: '2m',
    heartbeatTimeout: '12s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '30s' },
  });
}

/**
 * Page activities (docs/architecture/protocol.md "Constants and time"). The ledger makes every retry safe, so they are retried without limit.
 * Servers with fairness enabled take the tasks of accounts in turn; others ignore the key.
 */
export function mailSteps(summary: string, times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat'>, account: number) {
  return proxyActivities<Activities>({
    summary,
    taskQueue: queues().send,
    priority: { fairnessKey: `${account}` },
    startToCloseTimeout: times.startToClose,
    heartbeatTimeout: times.heartbeat,
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '15s' },
  });
}
