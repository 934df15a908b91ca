import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { campaignWorkflowId } from '../../workflows/names.js';
import { NAMESPACE, withTemporalClient } from '../installation/temporal-client.js';
import type { Caller } from '../run/caller.js';
import { untilTrue } from '../run/until-true.js';
import type { Scene } from './scene.js';

type Work = (client: Client, workflowId: string) => Promise<unknown>;

/** Terminates the campaign's workflow, as an operator can in the Temporal UI, and resumes the campaign once it is paused for that. */
export async function terminateCampaign(scene: Scene): Promise<void> {
  await withTemporal(scene, (client, id) => client.workflow.getHandle(id).terminate('tried on purpose'));
}

/** Cancels the campaign's workflow, as an operator can in the Temporal UI. */
export async function cancelCampaignWorkflow(scene: Scene): Promise<void> {
  await withTemporal(scene, (client, id) => client.workflow.getHandle(id).cancel());
}

/** Resets the campaign's workflow to its first task. */
export async function resetCampaign(scene: Scene): Promise<void> {
  await withTemporal(scene, async ({ workflow, workflowService }, workflowId) => {
    const { events } = await workflow.getHandle(workflowId).fetchHistory();
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
    await workflowService.resetWorkflowExecution({
      namespace: NAMESPACE,
      workflowExecution: { workflowId },
      reason: 'tried on purpose',
      requestId: randomUUID(),
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
    });
  });
}

async function withTemporal({ installation, campaign }: Scene, work: Work): Promise<void> {
  const id = campaignWorkflowId(campaign);
  await withTemporalClient(installation.temporal.address, async (client) => {
    await untilRunning(client, id);
    await work(client, id);
  });
}

const RUNNING_WITHIN_MS = 60_000;

/** After a fault of Temporal the sweep may not have started the workflow again yet. */
async function untilRunning({ workflow }: Client, id: string): Promise<void> {
  const isRunning = () =>
    workflow
      .getHandle(id)
      .describe()
      .then(
        ({ status }) => status.name === 'RUNNING',
        () => false,
      );
  if (!(await untilTrue(RUNNING_WITHIN_MS, isRunning))) throw new Error(`the workflow ${id} does not run`);
}

interface PausedView {
  readonly reason: string | null;
  readonly waiting: { readonly reason: string } | null;
}

/** What an operator does about a campaign that was paused: resumes it. Returns the reason, or undefined where it is not paused. */
export async function resumeIfPaused(call: Caller, campaign: number): Promise<string | undefined> {
  const { data } = await call<{ data: PausedView }>('GET', `/campaigns/${campaign}`);
  if (data.waiting?.reason !== 'paused') return undefined;
  await call('POST', `/campaigns/${campaign}/resume`, { body: {} });
  return data.reason ?? 'paused';
}
