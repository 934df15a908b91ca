import type { Campaign } from '../store/campaigns/row.js';
import type { Confirmation } from '../store/confirmations/row.js';
import type { Draft } from '../store/drafts/drafts.js';
import type { Import } from '../store/imports/row.js';
import type { Message } from '../store/messages/row.js';
import type { Newsletter } from '../store/newsletters/newsletters.js';
import type { Endpoint } from '../store/webhooks/row.js';
import type { ShownCampaign } from '../workflows/messages/campaign.js';
import type { GroupedMessage, ShownMessage } from '../workflows/messages/message.js';
import type { IssueRef } from '../workflows/messages/newsletter.js';

/** How Temporal last saw a workflow. */
export interface WorkflowStatus {
  readonly status: 'running' | 'terminated' | 'ended' | 'unknown';
  readonly closedAt: Date | null;
}

/** Access of activities to other workflows; `workers/engine.ts` implements it. */
export interface Engine {
  campaignWorkflowStatus(campaign: number): Promise<WorkflowStatus>;
  /** Starts the campaign's workflow, or makes the running one read its row. */
  notifyCampaign(campaign: Pick<Campaign, '_id' | 'account' | 'launch' | keyof ShownCampaign>): Promise<void>;
  confirmationWorkflowStatus(id: number): Promise<WorkflowStatus>;
  /** Starts the request's workflow; a running one goes on. */
  startConfirmation(row: Pick<Confirmation, '_id' | 'account' | 'list_id'>): Promise<void>;
  importWorkflowStatus(id: number): Promise<WorkflowStatus>;
  startImport(row: Pick<Import, '_id' | 'account' | 'list_id'>): Promise<void>;
  /** Starts the draft's workflow; a running one goes on. */
  startDraft(row: Pick<Draft, 'account' | 'campaign' | 'n'>): Promise<void>;
  /** Makes a newsletter's Schedule match its row. */
  reconcileSchedule(row: Newsletter): Promise<void>;
  deleteSchedule(newsletter: number): Promise<void>;
  /** The newsletters that have a Schedule. */
  scheduledNewsletters(): Promise<readonly number[]>;
  issueWorkflowStatus(issue: IssueRef): Promise<WorkflowStatus>;
  /** Starts the issue's workflow, or signals the running one. */
  notifyIssue(issue: IssueRef, newsletter: Pick<Newsletter, 'name'>): Promise<void>;
  /** Makes the running workflow of an issue look at its campaign; rejects where none runs. */
  signalIssue(issue: IssueRef): Promise<void>;
  /** Starts the message's workflow; a running one goes on. */
  startMessage(row: Pick<Message, '_id' | 'account'> & ShownMessage): Promise<void>;
  /** Starts the workflow `run` for these messages; one that was started before goes on, or stays closed. */
  startMessages(run: string, messages: readonly GroupedMessage[]): Promise<void>;
  messageRunStatus(run: string): Promise<WorkflowStatus>;
  /** Starts the endpoint's workflow, or signals the running one. */
  notifyEndpoint(row: Pick<Endpoint, '_id' | 'account' | 'url'>): Promise<void>;
}
