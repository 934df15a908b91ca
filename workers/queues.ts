import type { WorkerOptions } from '@temporalio/worker';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';

/** Sending lanes of one process; they share its SMTP connections. */
export const LANES_PER_PROCESS = 4;
/** Maximum lanes of one campaign over all processes. */
export const LANES_PER_CAMPAIGN = 8;

type QueueOptions = Omit<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'connection' | 'namespace'>;

const STEPS_AT_ONCE = 20;

/** Tasks wait up to three seconds for the worker that has their workflow cached: a killed worker delays them as long. */
export const WORKFLOW_QUEUE: QueueOptions = { maxCachedWorkflows: 500, stickyQueueScheduleToStartTimeout: 3_000 };

/** Store work and audiences. */
export const STEP_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: STEPS_AT_ONCE };

/** Concurrent calls of a language model per process. */
export const MODEL_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: 8 };

/** Workflow tasks that wait for a first attempt occupy only their slot. */
const MESSAGES_AT_ONCE = 200;

/** Messages: workflow tasks and attempts; connections limit the concurrent claims. */
export function messageQueue(times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentWorkflowTaskExecutions: MESSAGES_AT_ONCE,
    maxConcurrentLocalActivityExecutions: MESSAGES_AT_ONCE,
    maxConcurrentActivityTaskExecutions: MESSAGES_AT_ONCE,
    maxCachedWorkflows: 2_000,
    shutdownGraceTime: times.shutdownGrace,
    shutdownForceTime: times.shutdownGrace + times.drain,
  };
}

/** Passes over endpoints, which mostly wait for responses. Slow endpoints take turns of 20 s, so that none waits forever. */
const ENDPOINTS_AT_ONCE = 100;

/** Deliveries to webhook endpoints, one slot per endpoint; after SIGTERM those in progress finish and are recorded. */
export function hookQueue(times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentActivityTaskExecutions: ENDPOINTS_AT_ONCE,
    shutdownGraceTime: times.shutdownGrace,
    shutdownForceTime: times.shutdownGrace + times.drain,
  };
}

/** Page activities, one lane per slot; after SIGTERM they drain within the grace period. */
export function sendQueue(lanes: number, times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentActivityTaskExecutions: lanes,
    shutdownGraceTime: times.shutdownGrace,
    shutdownForceTime: times.shutdownGrace + times.drain,
  };
}
