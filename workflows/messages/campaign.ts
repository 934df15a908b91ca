import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { HoldReason } from '../../domain/campaign/reasons.js';
import { nameForOperators } from '../../domain/operator-text.js';
import { campaignWorkflowId, draftWorkflowId, queuesOf } from '../names.js';
import { apiLink, type RunLength, type StartSettings, startOptions } from './start.js';

/** One launch of a campaign. Inputs carry ids and counts, no addresses: histories can be read in the Temporal UI. */
export interface CampaignInput extends RunLength {
  readonly account: number;
  readonly campaign: number;
  readonly launch: number;
}

/** One page activity of a lane. */
export interface PagesInput extends Omit<CampaignInput, 'longestHistory'> {
  readonly round: number;
  /** Attempts in a row that were stopped by a mail server. After one, the next sends one mail before a whole window. */
  readonly downs: number;
}

/** Why a page activity returned: no page is open, all open pages are busy, the row ended the send, its time is over, or a wait. */
export type PagesResult = 'finished' | 'busy' | 'not_wanted' | 'more' | LaneWait;

/** The mail server takes no mail for now; the campaign's row says so. */
export interface LaneWait {
  readonly reason: HoldReason;
  /** Milliseconds until the next attempt. */
  readonly ms: number;
}

/**
 * A control. The API has written the campaign's row already and sends its `v`; an operator in the Temporal UI sends `{}`
 * and the workflow writes the row.
 */
export interface Control {
  readonly v?: number;
}
export interface RateControl extends Control {
  readonly per_second?: number | null;
}
export interface ScheduleControl extends Control {
  /** ISO 8601; null takes the campaign off the schedule. */
  readonly scheduled_at?: string | null;
}

/** The answer of an update: state and version of the row. */
export interface CampaignView {
  readonly state: string;
  readonly v: number;
}

export const pauseCampaign = defineUpdate<CampaignView, [Control]>('pause');
export const resumeCampaign = defineUpdate<CampaignView, [Control]>('resume');
export const cancelCampaign = defineUpdate<CampaignView, [Control]>('cancel');
export const sendCampaignNow = defineUpdate<CampaignView, [Control]>('send_now');
/** Operators with access to Temporal may answer on behalf of the approvers. */
export const approveCampaign = defineUpdate<CampaignView, [Control]>('approve');
export const rejectCampaign = defineUpdate<CampaignView, [Control]>('reject');
export const scheduleCampaign = defineUpdate<CampaignView, [ScheduleControl]>('schedule');
export const changeCampaignRate = defineUpdate<CampaignView, [RateControl]>('change_rate');
/** The row has changed: read it. */
export const campaignRowChanged = defineSignal('rowChanged');
export const campaignView = defineQuery<CampaignView>('view');

export const CAMPAIGN_TYPE = 'campaign';

/** What the Temporal UI shows of the row at the start. */
export interface ShownCampaign {
  readonly name: string;
  readonly subject: string;
  readonly state: string;
}

export function campaignStart(settings: StartSettings, input: CampaignInput, { name, subject, state }: ShownCampaign) {
  return startOptions<CampaignInput>({
    workflowId: campaignWorkflowId(input.campaign),
    taskQueue: queuesOf(settings.prefix).workflows,
    input,
    kind: 'campaign',
    phase: state,
    summary: `Campaign ${input.campaign}: ${nameForOperators(subject || name)}`,
    details: apiLink(settings, `/campaigns/${input.campaign}`),
  });
}

export interface DraftInput {
  readonly account: number;
  readonly campaign: number;
  /** Number of the version. */
  readonly n: number;
}

export const DRAFT_TYPE = 'draft';

export function draftStart(settings: StartSettings, input: DraftInput) {
  return startOptions<DraftInput>({
    workflowId: draftWorkflowId(input.campaign, input.n),
    taskQueue: queuesOf(settings.prefix).workflows,
    input,
    kind: 'draft',
    summary: `Draft ${input.n} of campaign ${input.campaign}`,
    details: apiLink(settings, `/campaigns/${input.campaign}/drafts`),
  });
}
