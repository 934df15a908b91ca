import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Engine, Sighting } from '../activities/engine.js';
import { ISSUE_TYPE, issueStart, lookAtIssue } from '../workflows/messages/newsletter.js';
import {
  CAMPAIGN_TYPE,
  CONFIRMATION_TYPE,
  campaignStart,
  confirmationStart,
  DRAFT_TYPE,
  draftStart,
  ENDPOINT_TYPE,
  endpointStart,
  IMPORT_TYPE,
  importStart,
  lookAtCampaign,
  lookAtEndpoint,
  MESSAGE_TYPE,
  messageStart,
} from '../workflows/messages.js';
import { campaignWorkflowId, confirmationWorkflowId, importWorkflowId } from '../workflows/names.js';
import { newsletterSchedules } from './newsletter-schedules.js';

export interface EngineOptions {
  readonly client: Client;
  /** Names the installation's queues. */
  readonly prefix: string;
}

/** Starts and looks at workflows on behalf of activities and of the boot pass. */
export function workerEngine({ client, prefix }: EngineOptions): Engine {
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
      const start = campaignStart(prefix, { account, campaign: _id, launch });
      await client.workflow.signalWithStart(CAMPAIGN_TYPE, { ...start, signal: lookAtCampaign, signalArgs: [] });
    },
    confirmationSighting: (id) => sighting(confirmationWorkflowId(id)),
    wakeConfirmation: async ({ _id, account }) => {
      await client.workflow.start(CONFIRMATION_TYPE, confirmationStart(prefix, { account, confirmation: _id }));
    },
    importSighting: (id) => sighting(importWorkflowId(id)),
    wakeImport: async ({ _id, account }) => {
      await client.workflow.start(IMPORT_TYPE, importStart(prefix, { account, import: _id }));
    },
    wakeDraft: async ({ account, campaign, n }) => {
      await client.workflow.start(DRAFT_TYPE, draftStart(prefix, { account, campaign, n }));
    },
    wakeEndpoint: async ({ _id, account }) => {
      const start = endpointStart(prefix, { account, endpoint: _id });
      await client.workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: lookAtEndpoint, signalArgs: [] });
    },
    ...newsletterSchedules(client, prefix),
    issueSighting: (issue) => sighting(issueStart(prefix, issue).workflowId),
    wakeIssue: async (issue) => {
      const start = issueStart(prefix, issue);
      await client.workflow.signalWithStart(ISSUE_TYPE, { ...start, signal: lookAtIssue, signalArgs: [] });
    },
    wakeMessage: async ({ _id, account }) => {
      await client.workflow.start(MESSAGE_TYPE, messageStart(prefix, { account, message: _id }));
    },
  };
}

function wordFor(status: string): Sighting['status'] {
  if (status === 'RUNNING') return 'running';
  return status === 'TERMINATED' ? 'terminated' : 'ended';
}
