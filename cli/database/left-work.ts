import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { monotonic } from '../../clock.js';
import { unlessNotFound } from '../../workers/namespace.js';
import { newsletterSchedules } from '../../workers/newsletter-schedules.js';
import { CAMPAIGN_TYPE } from '../../workflows/messages/campaign.js';
import { campaignOfWorkflow, queuesOf } from '../../workflows/names.js';

/** What Temporal has to do for this installation. */
export interface LeftWork {
  /** Numbers of the newsletters that have a Schedule. */
  readonly schedules: readonly number[];
  readonly workflows: readonly RunningWorkflow[];
}

interface RunningWorkflow {
  readonly workflowId: string;
  readonly runId: string;
}

const RUNNING = 'ExecutionStatus = "Running"';
const DELETED_WITHIN_MS = 300_000;
const LOOK_MS = 500;
const AT_ONCE = 20;

/**
 * The work that Temporal holds from before a restore. It is deleted, not terminated: the sweep takes a terminated workflow for
 * an operator's wish. Without a workflow the sweep starts what the restored rows ask for.
 */
export function leftWork(client: Client, prefix: string) {
  const schedules = newsletterSchedules(client, { prefix, publicUrl: '' });
  const find = async (): Promise<LeftWork> =>
    (await namespaceExists(client))
      ? { schedules: await schedules.scheduledNewsletters(), workflows: await running(client, prefix) }
      : { schedules: [], workflows: [] };
  return {
    find,

    /** Numbers of the campaigns that Temporal began to run after a time; Temporal forgets closed runs after its retention. */
    campaignsSince: async (time: Date): Promise<number[]> => {
      if (!(await namespaceExists(client))) return [];
      const query = `WorkflowType = "${CAMPAIGN_TYPE}" AND StartTime > "${time.toISOString()}"`;
      const found = new Set<number>();
      for await (const { workflowId, taskQueue } of client.workflow.list({ query })) {
        const campaign = taskQueue === queuesOf(prefix).workflows ? campaignOfWorkflow(workflowId) : undefined;
        if (campaign !== undefined) found.add(campaign);
      }
      return [...found].sort((one, other) => one - other);
    },

    /** Deletes it, Schedules first, so that none starts another workflow. Throws if some of it is still there after five minutes. */
    delete: async (): Promise<void> => {
      const until = monotonic() + DELETED_WITHIN_MS;
      for (;;) {
        const left = await find();
        if (left.schedules.length + left.workflows.length === 0) return;
        if (monotonic() > until) throw new Error(`Temporal has not deleted ${left.workflows.length} workflows yet`);
        for (const newsletter of left.schedules) await schedules.deleteSchedule(newsletter);
        await deleteAll(client, left.workflows);
        await pause(LOOK_MS);
      }
    },
  };
}

/** The workflows on our queues; the sweep's own reads rows only, and its Schedule starts it again and again. */
async function running(client: Client, prefix: string): Promise<RunningWorkflow[]> {
  const queues = new Set<string>(Object.values(queuesOf(prefix)));
  const found: RunningWorkflow[] = [];
  for await (const { workflowId, runId, taskQueue, type } of client.workflow.list({ query: RUNNING })) {
    if (queues.has(taskQueue) && type !== 'housekeeping') found.push({ workflowId, runId });
  }
  return found;
}

async function deleteAll({ workflowService, options }: Client, workflows: readonly RunningWorkflow[]): Promise<void> {
  const { namespace } = options;
  for (let first = 0; first < workflows.length; first += AT_ONCE) {
    const some = workflows.slice(first, first + AT_ONCE);
    await Promise.all(
      some.map((workflowExecution) =>
        workflowService.deleteWorkflowExecution({ namespace, workflowExecution }).catch(unlessNotFound),
      ),
    );
  }
}

async function namespaceExists({ workflowService, options: { namespace } }: Client): Promise<boolean> {
  try {
    await workflowService.describeNamespace({ namespace });
    return true;
  } catch (error) {
    unlessNotFound(error);
    return false;
  }
}
