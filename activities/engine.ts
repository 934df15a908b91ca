import type { Campaign } from '../store/campaigns.js';
import type { Draft } from '../store/drafts.js';
import type { Message } from '../store/messages-row.js';
import type { IssueRef, Scheduled } from '../workflows/messages/newsletter.js';

/** How Temporal last saw a workflow. */
export interface Sighting {
  readonly status: 'running' | 'terminated' | 'ended' | 'unknown';
  readonly closedAt: Date | null;
}

/** The port through which activities reach other workflows; `workers/engine.ts` is behind it. */
export interface Engine {
  campaignSighting(campaign: number): Promise<Sighting>;
  /** Starts the campaign's workflow, or makes the running one read its row. */
  wakeCampaign(campaign: Pick<Campaign, '_id' | 'account' | 'launch'>): Promise<void>;
  confirmationSighting(id: number): Promise<Sighting>;
  /** Starts the request's workflow; a running one goes on. */
  wakeConfirmation(row: { readonly _id: number; readonly account: number }): Promise<void>;
  importSighting(id: number): Promise<Sighting>;
  wakeImport(row: { readonly _id: number; readonly account: number }): Promise<void>;
  /** Starts the draft's workflow; a running one goes on. */
  wakeDraft(row: Pick<Draft, 'account' | 'campaign' | 'n'>): Promise<void>;
  /** Makes a newsletter's Schedule what its row says; one that is so already is left alone. */
  keepSchedule(row: Scheduled): Promise<void>;
  forgetSchedule(newsletter: number): Promise<void>;
  /** The newsletters that have a Schedule. */
  scheduledNewsletters(): Promise<readonly number[]>;
  issueSighting(issue: IssueRef): Promise<Sighting>;
  /** Begins the issue, or tells the running one that there is news for it. */
  wakeIssue(issue: IssueRef): Promise<void>;
  /** Starts the message's workflow; a running one goes on. */
  wakeMessage(row: Pick<Message, '_id' | 'account'>): Promise<void>;
  /** Starts the endpoint's workflow, or tells the running one that there is something to deliver. */
  wakeEndpoint(row: { readonly _id: number; readonly account: number }): Promise<void>;
}
