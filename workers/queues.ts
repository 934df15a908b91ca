import type { WorkerOptions } from '@temporalio/worker';
import type { TurnSettings, Turns } from '../activities/campaign/turns.js';
import type { Config } from '../config.js';
import type { ProtocolTimes } from '../domain/delivery/protocol.js';
import { connectionShare } from '../domain/transport.js';
import type { Campaigns } from '../store/campaigns/campaigns.js';
import { sendSlots } from './send-slots.js';

/** Sending lanes of one process; they share its SMTP connections. */
export const LANES_PER_PROCESS = 4;
/** Maximum lanes of one campaign over all processes, where each worker has few. */
const LANES_PER_CAMPAIGN = 8;

/** The processes of a worker that send campaigns; each needs a connection of the installation's transport. */
export function sendProcessesOf({ workerProcesses, smtpConnections }: ProcessSettings): number {
  return Math.min(workerProcesses, connectionShare('all', 'bulk', smtpConnections));
}

/** Maximum lanes of one campaign over all processes: one campaign alone keeps all processes of a worker busy. */
export function lanesPerCampaign(settings: ProcessSettings): number {
  return Math.max(LANES_PER_CAMPAIGN, LANES_PER_PROCESS * sendProcessesOf(settings));
}

type ProcessSettings = Pick<Config, 'workerProcesses' | 'smtpConnections'>;

type QueueOptions = Omit<WorkerOptions, 'taskQueue' | 'activities' | 'workflowBundle' | 'connection' | 'namespace'>;

const STEPS_AT_ONCE = 20;

/**
 * Tasks wait up to three seconds for the worker that has their workflow cached: a killed worker delays them as long. Its
 * activities are the local ones of its workflows.
 */
export const WORKFLOW_QUEUE: QueueOptions = {
  maxCachedWorkflows: 500,
  stickyQueueScheduleToStartTimeout: 3_000,
  enableNonLocalActivities: false,
};

/** Store work and audiences. */
export const STEP_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: STEPS_AT_ONCE };

/** Concurrent calls of a language model per process. */
export const MODEL_QUEUE: QueueOptions = { maxConcurrentActivityTaskExecutions: 8 };

/** Workflow tasks that wait for a first attempt occupy only their slot. */
const MESSAGES_AT_ONCE = 200;

/** A cached workflow of 200 messages takes 1.6 MiB; one that was dropped is replayed from its short history. */
const MESSAGE_WORKFLOWS_CACHED = 300;

/** Messages: workflow tasks and attempts; connections limit the concurrent claims. */
export function messageQueue(times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentWorkflowTaskExecutions: MESSAGES_AT_ONCE,
    maxConcurrentLocalActivityExecutions: MESSAGES_AT_ONCE,
    maxConcurrentActivityTaskExecutions: MESSAGES_AT_ONCE,
    maxCachedWorkflows: MESSAGE_WORKFLOWS_CACHED,
    shutdownGraceTime: times.shutdownGrace,
    ...heartbeats(times),
  };
}

/** Passes over endpoints, which mostly wait for responses. Slow endpoints take turns of 20 s, so that none waits forever. */
const ENDPOINTS_AT_ONCE = 100;

/** Deliveries to webhook endpoints, one slot per endpoint; after SIGTERM those in progress finish and are recorded. */
export function hookQueue(times: ProtocolTimes): QueueOptions {
  return {
    maxConcurrentActivityTaskExecutions: ENDPOINTS_AT_ONCE,
    shutdownGraceTime: times.shutdownGrace,
    ...heartbeats(times),
  };
}

/** Temporal's library sends one heartbeat in four fifths of the timeout: a late one would end the attempt of a busy worker. */
function heartbeats({ heartbeat }: ProtocolTimes): QueueOptions {
  return { maxHeartbeatThrottleInterval: heartbeat / 4 };
}

/** Page activities of one process, with those that wait for a turn or settle their last mails. */
const PAGE_ACTIVITIES_AT_ONCE = 200;
/** Of these, activities of one account. */
const PAGE_ACTIVITIES_OF_ACCOUNT = 50;

/** How the lanes of a process take turns. */
export function turnSettings(slots: number, { attempt, controlEvery }: ProtocolTimes): TurnSettings {
  return {
    slots,
    shortest: attempt / 10,
    longestWait: attempt,
    lanesOfAccount: PAGE_ACTIVITIES_OF_ACCOUNT,
    heartbeatEvery: controlEvery,
  };
}

export interface SendQueueDeps {
  readonly turns: Turns;
  readonly campaigns: Pick<Campaigns, 'sending'>;
}

/** Page activities: polled for by what the process can send; after SIGTERM they drain within the grace period. */
export function sendQueue(slots: number, times: ProtocolTimes, { turns, campaigns }: SendQueueDeps): QueueOptions {
  const sending = async () => (await campaigns.sending()).map(({ _id: campaign, account }) => ({ account, campaign }));
  const none = { type: 'fixed-size', numSlots: 1 } as const;
  const limits = { slots, most: PAGE_ACTIVITIES_AT_ONCE, readEvery: times.controlEvery };
  return {
    tuner: {
      activityTaskSlotSupplier: sendSlots({ turns, sending, ...limits }),
      localActivityTaskSlotSupplier: none,
      workflowTaskSlotSupplier: none,
      nexusTaskSlotSupplier: none,
    },
    shutdownGraceTime: times.shutdownGrace,
    ...heartbeats(times),
  };
}
