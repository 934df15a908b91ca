import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  ACCOUNT,
  CAMPAIGN,
  campaignWorkflowId,
  confirmationWorkflowId,
  draftWorkflowId,
  endpointWorkflowId,
  importWorkflowId,
  KIND,
  messageWorkflowId,
  queuesOf,
} from './names.js';

export interface RunLength {
  /** Tests only: a run goes on as a new one after so many events of its history. */
  readonly longestHistory?: number;
}

/** The contract between whoever starts or steers a workflow and the workflow itself: ids and counts, no addresses. */
export interface CampaignInput extends RunLength {
  readonly account: number;
  readonly campaign: number;
  readonly launch: number;
}

/**
 * A control. Whoever has written the campaign's row already (the API) sends the row's `v`; an operator in the Temporal
 * UI sends `{}` and the workflow writes the row.
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

/** What an operator sees as the answer of an update. */
export interface CampaignView {
  readonly state: string;
  readonly v: number;
}

export const pauseCampaign = defineUpdate<CampaignView, [Control]>('pause');
export const resumeCampaign = defineUpdate<CampaignView, [Control]>('resume');
export const cancelCampaign = defineUpdate<CampaignView, [Control]>('cancel');
export const sendCampaignNow = defineUpdate<CampaignView, [Control]>('send_now');
/** Somebody with access to the engine may answer for the approvers. */
export const approveCampaign = defineUpdate<CampaignView, [Control]>('approve');
export const rejectCampaign = defineUpdate<CampaignView, [Control]>('reject');
export const scheduleCampaign = defineUpdate<CampaignView, [ScheduleControl]>('schedule');
export const changeCampaignRate = defineUpdate<CampaignView, [RateControl]>('change_rate');
/** The row has changed: read it. */
export const campaignRowChanged = defineSignal('rowChanged');
export const campaignView = defineQuery<CampaignView>('view');

export interface ImportInput {
  readonly account: number;
  readonly import: number;
}

export interface DraftInput {
  readonly account: number;
  readonly campaign: number;
  /** Which version. */
  readonly n: number;
}

export interface MessageInput {
  readonly account: number;
  readonly message: string;
}

export interface ConfirmationInput {
  readonly account: number;
  readonly confirmation: number;
}

/** The request's row has changed, it was confirmed for instance: read it. */
export const confirmationRowChanged = defineSignal('rowChanged');

/** The message's row has changed, it was cancelled for instance: read it. */
export const messageRowChanged = defineSignal('rowChanged');

export interface EndpointInput extends RunLength {
  readonly account: number;
  readonly endpoint: number;
}

/** There is something to deliver. */
export const endpointRowChanged = defineSignal('rowChanged');

/** Rows decide, so a start is never refused: a closed workflow may run again, a running one is joined. */
const ROW_DECIDES = { workflowIdReusePolicy: 'ALLOW_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING' } as const;

export const CAMPAIGN_TYPE = 'campaign';
export const IMPORT_TYPE = 'subscriberImport';
export const DRAFT_TYPE = 'draft';
export const MESSAGE_TYPE = 'message';
export const CONFIRMATION_TYPE = 'confirmation';
export const ENDPOINT_TYPE = 'webhookEndpoint';

/** How a campaign's workflow is started, by whoever starts it. */
export function campaignStart(prefix: string, input: CampaignInput) {
  return {
    ...ROW_DECIDES,
    workflowId: campaignWorkflowId(input.campaign),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [CampaignInput],
    staticSummary: `Campaign ${input.campaign} of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: CAMPAIGN, value: String(input.campaign) },
      { key: KIND, value: 'campaign' },
    ],
  };
}

/** How an import's workflow is started. */
export function importStart(prefix: string, input: ImportInput) {
  return {
    ...ROW_DECIDES,
    workflowId: importWorkflowId(input.import),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [ImportInput],
    staticSummary: `Import ${input.import} of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: KIND, value: 'import' },
    ],
  };
}

/** How the workflow of a request to be put on a list is started. */
export function confirmationStart(prefix: string, input: ConfirmationInput) {
  return {
    ...ROW_DECIDES,
    workflowId: confirmationWorkflowId(input.confirmation),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [ConfirmationInput],
    staticSummary: `Confirmation ${input.confirmation} of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: KIND, value: 'confirmation' },
    ],
  };
}

/** How a draft's workflow is started. */
export function draftStart(prefix: string, input: DraftInput) {
  return {
    ...ROW_DECIDES,
    workflowId: draftWorkflowId(input.campaign, input.n),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [DraftInput],
    staticSummary: `Draft ${input.n} of campaign ${input.campaign} of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: CAMPAIGN, value: String(input.campaign) },
      { key: KIND, value: 'draft' },
    ],
  };
}

/** How a message's workflow is started. */
export function messageStart(prefix: string, input: MessageInput) {
  return {
    ...ROW_DECIDES,
    workflowId: messageWorkflowId(input.message),
    taskQueue: queuesOf(prefix).messages,
    args: [input] as [MessageInput],
    staticSummary: `Message of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: KIND, value: 'message' },
    ],
  };
}

/** How the workflow of a webhook endpoint is started. */
export function endpointStart(prefix: string, input: EndpointInput) {
  return {
    ...ROW_DECIDES,
    workflowId: endpointWorkflowId(input.endpoint),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [EndpointInput],
    staticSummary: `Webhook endpoint ${input.endpoint} of account ${input.account}`,
    typedSearchAttributes: [
      { key: ACCOUNT, value: String(input.account) },
      { key: KIND, value: 'webhook' },
    ],
  };
}
