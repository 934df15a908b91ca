import { type Client, WorkflowIdConflictPolicy, WorkflowNotFoundError } from '@temporalio/client';
import type { Engine, Sighting } from '../activities/engine.js';
import { lookAtCampaign } from '../workflows/messages.js';
import { ACCOUNT, CAMPAIGN, campaignWorkflowId, importWorkflowId, KIND, queuesOf } from '../workflows/names.js';

export interface EngineOptions {
  readonly client: Client;
  /** Names the installation's queues. */
  readonly prefix: string;
}

/** Starts and looks at workflows on behalf of activities and of the boot pass. */
export function workerEngine({ client, prefix }: EngineOptions): Engine {
  const { workflows } = queuesOf(prefix);
  const sighting = async (workflowId: string): Promise<Sighting> => {
    try {
      const { status, closeTime } = await client.workflow.getHandle(workflowId).describe();
      return { status: wordFor(status.name), closedAt: closeTime ?? null };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { status: 'unknown', closedAt: null };
      throw error;
    }
  };
  return {
    campaignSighting: (campaign) => sighting(campaignWorkflowId(campaign)),
    wakeCampaign: async ({ _id, account, launch }) => {
      await client.workflow.signalWithStart('campaign', {
        workflowId: campaignWorkflowId(_id),
        taskQueue: workflows,
        args: [{ account, campaign: _id, launch }],
        signal: lookAtCampaign,
        staticSummary: `Campaign ${_id} of account ${account}`,
        typedSearchAttributes: [
          { key: ACCOUNT, value: String(account) },
          { key: CAMPAIGN, value: String(_id) },
          { key: KIND, value: 'campaign' },
        ],
      });
    },
    importSighting: (id) => sighting(importWorkflowId(id)),
    wakeImport: async ({ _id, account }) => {
      await client.workflow.start('subscriberImport', {
        workflowId: importWorkflowId(_id),
        taskQueue: workflows,
        args: [{ account, import: _id }],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        staticSummary: `Import ${_id} of account ${account}`,
        typedSearchAttributes: [
          { key: ACCOUNT, value: String(account) },
          { key: KIND, value: 'import' },
        ],
      });
    },
  };
}

function wordFor(status: string): Sighting['status'] {
  if (status === 'RUNNING') return 'running';
  return status === 'TERMINATED' ? 'terminated' : 'ended';
}
