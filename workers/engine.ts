import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Engine, WorkflowStatus } from '../activities/engine.js';
import {
  CAMPAIGN_TYPE,
  campaignRowChanged,
  campaignStart,
  DRAFT_TYPE,
  draftStart,
} from '../workflows/messages/campaign.js';
import { CONFIRMATION_TYPE, confirmationStart } from '../workflows/messages/confirmation.js';
import { ENDPOINT_TYPE, endpointRowChanged, endpointStart } from '../workflows/messages/endpoint.js';
import { IMPORT_TYPE, importStart } from '../workflows/messages/import.js';
import { MESSAGE_GROUP_TYPE, MESSAGE_TYPE, messageGroupStart, messageStart } from '../workflows/messages/message.js';
import { ISSUE_TYPE, issueRowChanged, issueStart } from '../workflows/messages/newsletter.js';
import { campaignWorkflowId, confirmationWorkflowId, importWorkflowId } from '../workflows/names.js';
import { newsletterSchedules } from './newsletter-schedules.js';

export interface EngineOptions {
  readonly client: Client;
  /** Prefix of the installation's queues. */
  readonly prefix: string;
}

/** Starts and describes workflows for activities and for the check at start. */
export function workerEngine({ client, prefix }: EngineOptions): Engine {
  const workflowStatus = async (workflowId: string): Promise<WorkflowStatus> => {
    try {
      const { status, closeTime } = await client.workflow.getHandle(workflowId).describe();
      return { status: wordFor(status.name), closedAt: closeTime ?? null };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { status: 'unknown', closedAt: null };
      throw error;
    }
  };
  return {
    campaignWorkflowStatus: (campaign) => workflowStatus(campaignWorkflowId(campaign)),
    notifyCampaign: async ({ _id, account, launch }) => {
      const start = campaignStart(prefix, { account, campaign: _id, launch });
      await client.workflow.signalWithStart(CAMPAIGN_TYPE, { ...start, signal: campaignRowChanged, signalArgs: [] });
    },
    confirmationWorkflowStatus: (id) => workflowStatus(confirmationWorkflowId(id)),
    startConfirmation: async ({ _id, account }) => {
      await client.workflow.start(CONFIRMATION_TYPE, confirmationStart(prefix, { account, confirmation: _id }));
    },
    importWorkflowStatus: (id) => workflowStatus(importWorkflowId(id)),
    startImport: async ({ _id, account }) => {
      await client.workflow.start(IMPORT_TYPE, importStart(prefix, { account, import: _id }));
    },
    startDraft: async ({ account, campaign, n }) => {
      await client.workflow.start(DRAFT_TYPE, draftStart(prefix, { account, campaign, n }));
    },
    notifyEndpoint: async ({ _id, account }) => {
      const start = endpointStart(prefix, { account, endpoint: _id });
      await client.workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: endpointRowChanged, signalArgs: [] });
    },
    ...newsletterSchedules(client, prefix),
    issueWorkflowStatus: (issue) => workflowStatus(issueStart(prefix, issue).workflowId),
    notifyIssue: async (issue) => {
      const start = issueStart(prefix, issue);
      await client.workflow.signalWithStart(ISSUE_TYPE, { ...start, signal: issueRowChanged, signalArgs: [] });
    },
    startMessage: async ({ _id, account }) => {
      await client.workflow.start(MESSAGE_TYPE, messageStart(prefix, { account, message: _id }));
    },
    startMessages: async (run, messages) => {
      try {
        await client.workflow.start(MESSAGE_GROUP_TYPE, messageGroupStart(prefix, run, messages));
      } catch (error) {
        // An earlier start without an answer has run and ended.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },
    messageRunStatus: workflowStatus,
  };
}

function wordFor(status: string): WorkflowStatus['status'] {
  if (status === 'RUNNING') return 'running';
  return status === 'TERMINATED' ? 'terminated' : 'ended';
}
