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
import { ISSUE_TYPE, issueRowChanged, issueStart, issueWorkflowId } from '../workflows/messages/newsletter.js';
import type { StartSettings } from '../workflows/messages/start.js';
import { campaignWorkflowId, confirmationWorkflowId, importWorkflowId } from '../workflows/names.js';
import { newsletterSchedules } from './newsletter-schedules.js';

export interface EngineOptions extends StartSettings {
  readonly client: Client;
}

/** Starts and describes workflows for activities and for the check at start. */
export function workerEngine({ client, ...settings }: EngineOptions): Engine {
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
    notifyCampaign: async (row) => {
      const { _id: campaign, account, launch } = row;
      const start = campaignStart(settings, { account, campaign, launch }, row);
      await client.workflow.signalWithStart(CAMPAIGN_TYPE, { ...start, signal: campaignRowChanged, signalArgs: [] });
    },
    confirmationWorkflowStatus: (id) => workflowStatus(confirmationWorkflowId(id)),
    startConfirmation: async ({ _id, account, list_id }) => {
      const start = confirmationStart(settings, { account, confirmation: _id }, list_id);
      await client.workflow.start(CONFIRMATION_TYPE, start);
    },
    importWorkflowStatus: (id) => workflowStatus(importWorkflowId(id)),
    startImport: async ({ _id, account, list_id }) => {
      await client.workflow.start(IMPORT_TYPE, importStart(settings, { account, import: _id }, list_id));
    },
    startDraft: async ({ account, campaign, n }) => {
      await client.workflow.start(DRAFT_TYPE, draftStart(settings, { account, campaign, n }));
    },
    notifyEndpoint: async (row) => {
      const start = endpointStart(settings, { account: row.account, endpoint: row._id }, row);
      await client.workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: endpointRowChanged, signalArgs: [] });
    },
    ...newsletterSchedules(client, settings),
    issueWorkflowStatus: (issue) => workflowStatus(issueWorkflowId(issue)),
    notifyIssue: async (issue, { name }) => {
      const start = issueStart(settings, issue, name);
      await client.workflow.signalWithStart(ISSUE_TYPE, { ...start, signal: issueRowChanged, signalArgs: [] });
    },
    signalIssue: (issue) => client.workflow.getHandle(issueWorkflowId(issue)).signal(issueRowChanged),
    startMessage: async (row) => {
      const start = messageStart(settings, { account: row.account, message: row._id }, row);
      await client.workflow.start(MESSAGE_TYPE, start);
    },
    startMessages: async (run, messages) => {
      try {
        await client.workflow.start(MESSAGE_GROUP_TYPE, messageGroupStart(settings, run, messages));
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
