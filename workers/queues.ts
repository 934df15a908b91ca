import type { WorkerOptions } from '@temporalio/worker';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';

/** Sending lanes of one process; they share its SMTP connections. */
export const LANES_PER_PROCESS = 4;
/** Lanes one campaign may have over all processes. */
export const LANES_PER_CAMPAIGN = 8;

type QueueOptions = Omit<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'connection' | 'namespace'>;

const STEPS_AT_ONCE = 20;

/** Tasks wait three seconds for the worker that has their workflow in memory: that long a killed worker's workflows stand still. */
export const WORKFLOW_QUEUE: QueueOptions = { maxCachedWorkflows: 500, stickyQueueScheduleToStartTimeout: 3_000 };

/** Rows and audiences. */
export const STEP_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: STEPS_AT_ONCE };

/** Calls of a language model that one process has open. */
export const MODEL_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: 8 };

/** Workflow tasks that wait for a first attempt cost nothing but their slot. */
const MESSAGES_AT_ONCE = 200;

/** Transactional messages: workflow tasks and attempts; how many are claimed at once is bounded by connections. */
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

/** Passes over endpoints, most of which wait for answers. Slow endpoints take turns of 20 s, so that none waits for ever. */
const ENDPOINTS_AT_ONCE = 100;

/** Deliveries to webhook endpoints: a slot an endpoint; after SIGTERM what is under way is answered and written down. */
export function hookQueue(times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentActivityTaskExecutions: ENDPOINTS_AT_ONCE,
    shutdownGraceTime: times.shutdownGrace,
    shutdownForceTime: times.shutdownGrace + times.drain,
  };
}

/** Page activities: a lane a slot; after SIGTERM they drain within the grace time. */
export function sendQueue(lanes: number, times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentActivityTaskExecutions: lanes,
    shutdownGraceTime: times.shutdownGrace,
    shutdownForceTime: times.shutdownGrace + times.drain,
  };
}
