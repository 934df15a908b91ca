import type { Client } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { now } from '../../clock.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Confirmation } from '../../store/confirmations/row.js';
import type { DraftKey } from '../../store/drafts/drafts.js';
import type { Import } from '../../store/imports/row.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import {
  CAMPAIGN_TYPE,
  campaignRowChanged,
  campaignStart,
  DRAFT_TYPE,
  draftStart,
  type ShownCampaign,
} from '../../workflows/messages/campaign.js';
import { CONFIRMATION_TYPE, confirmationRowChanged, confirmationStart } from '../../workflows/messages/confirmation.js';
import { ENDPOINT_TYPE, endpointRowChanged, endpointStart } from '../../workflows/messages/endpoint.js';
import { IMPORT_TYPE, importStart } from '../../workflows/messages/import.js';
import {
  ISSUE_TYPE,
  type IssueRef,
  issueRowChanged,
  issueStart,
  NEWSLETTER_TYPE,
  newsletterRowChanged,
  newsletterStart,
} from '../../workflows/messages/newsletter.js';
import type { StartSettings } from '../../workflows/messages/start.js';
import { draftWorkflowId } from '../../workflows/names.js';
import { callQueue } from './call-queue.js';
import {
  type Enqueue,
  type MessageCallOptions,
  messageCalls,
  type StartedMessage,
  type WithTimeout,
} from './message-calls.js';
import { outageLog } from './outage-log.js';

/**
 * Starts and signals workflows for routes. Rows hold the desired state, so a failed call loses nothing: the sweep starts
 * every workflow that a call could not.
 */
export interface Engine {
  /** Starts the campaign's workflow, or signals the running one to read its row again. */
  notifyCampaign(row: Pick<Campaign, '_id' | 'account' | 'launch' | keyof ShownCampaign>): void;
  /** Starts the request's workflow, or signals the running one to read its row again. */
  notifyConfirmation(row: Pick<Confirmation, '_id' | 'account' | 'list_id'>): void;
  startImport(row: Pick<Import, '_id' | 'account' | 'list_id'>): void;
  /**
   * Starts the message's workflow, which it may share with messages accepted meanwhile; signals the workflow of a cancelled
   * message to read the row.
   */
  startMessage(row: StartedMessage): void;
  /** Starts the draft's workflow and waits at most `patience` milliseconds for its end. The row holds the result. */
  startDraftAndWait(row: DraftKey, timeout: number): Promise<void>;
  /** Cancels the draft's workflow. */
  cancelDraft(row: DraftKey): void;
  /** Starts the endpoint's workflow, or signals the running one that events are due. */
  notifyEndpoint(row: Pick<Endpoint, '_id' | 'account' | 'url'>): void;
  /** Has the newsletter's Schedule compared with its row, or deleted with it: then the name is null. */
  notifyNewsletter(row: { readonly _id: number; readonly account: number; readonly name: string | null }): void;
  /** Starts the issue's workflow, or signals the running one that data has arrived. */
  notifyIssue(issue: IssueRef, newsletter: Pick<Newsletter, 'name'>): void;
  /** Whether Temporal is reachable. */
  reachable(): Promise<boolean>;
  /** Waits for the calls in progress and accepts none afterwards. */
  close(): Promise<void>;
}

/** Does nothing: for an app that serves no requests. */
export const idleEngine: Engine = {
  notifyCampaign: () => {},
  notifyConfirmation: () => {},
  startImport: () => {},
  startMessage: () => {},
  startDraftAndWait: async () => {},
  cancelDraft: () => {},
  notifyEndpoint: () => {},
  notifyNewsletter: () => {},
  notifyIssue: () => {},
  reachable: async () => true,
  close: async () => {},
};

export interface EngineOptions extends MessageCallOptions {
  /** Called at the first use, and again as long as it fails. */
  readonly client: () => Promise<Client> | Client;
  readonly log: FastifyBaseLogger;
  readonly concurrency?: number;
  readonly maxQueued?: number;
  /** Time limit of one call, in milliseconds. */
  readonly callTimeout?: number;
}

/** Starts and signals workflows in the background. The API keeps working while Temporal is down. */
export function temporalEngine(options: EngineOptions): Engine {
  const { client, log, concurrency = 16, maxQueued = 1_000, callTimeout = 2_500 } = options;
  const outages = outageLog(log);
  const queue = callQueue({ outages, concurrency, maxQueued });
  let closed = false;

  const withTimeout: WithTimeout = async (call, at) => {
    const temporal = at ?? (await client());
    return temporal.withDeadline(now().getTime() + callTimeout, () => call(temporal));
  };
  const enqueue: Enqueue = (name, call) => {
    if (!closed) queue.add(name, () => withTimeout(call));
  };
  const ofMessages = messageCalls({ ...options, withTimeout, enqueue, outages });

  return {
    notifyCampaign: (row) => {
      const start = campaignStart(options, { account: row.account, campaign: row._id, launch: row.launch }, row);
      enqueue(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(CAMPAIGN_TYPE, { ...start, signal: campaignRowChanged, signalArgs: [] }),
      );
    },

    notifyConfirmation: ({ _id, account, list_id }) => {
      const start = confirmationStart(options, { account, confirmation: _id }, list_id);
      enqueue(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(CONFIRMATION_TYPE, { ...start, signal: confirmationRowChanged, signalArgs: [] }),
      );
    },

    startImport: ({ _id, account, list_id }) => {
      const start = importStart(options, { account, import: _id }, list_id);
      enqueue(start.workflowId, ({ workflow }) => workflow.start(IMPORT_TYPE, start));
    },

    startMessage: ofMessages.startMessage,
    ...newsletterCalls(options, enqueue),
    ...draftCalls(options, withTimeout, enqueue),

    notifyEndpoint: (row) => {
      const start = endpointStart(options, { account: row.account, endpoint: row._id }, row);
      enqueue(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: endpointRowChanged, signalArgs: [] }),
      );
    },

    reachable: () =>
      withTimeout(({ workflowService }) => workflowService.getSystemInfo({})).then(
        () => true,
        () => false,
      ),

    close: async () => {
      closed = true;
      await Promise.all([queue.drain(), ofMessages.close()]);
    },
  };
}

function newsletterCalls(settings: StartSettings, enqueue: Enqueue): Pick<Engine, 'notifyNewsletter' | 'notifyIssue'> {
  return {
    notifyNewsletter: ({ _id, account, name }) => {
      const start = newsletterStart(settings, { account, newsletter: _id }, name);
      enqueue(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(NEWSLETTER_TYPE, { ...start, signal: newsletterRowChanged, signalArgs: [] }),
      );
    },

    notifyIssue: (issue, { name }) => {
      const start = issueStart(settings, issue, name);
      enqueue(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(ISSUE_TYPE, { ...start, signal: issueRowChanged, signalArgs: [] }),
      );
    },
  };
}

function draftCalls(
  { client, log, ...settings }: EngineOptions,
  withTimeout: WithTimeout,
  enqueue: Enqueue,
): Pick<Engine, 'startDraftAndWait' | 'cancelDraft'> {
  return {
    startDraftAndWait: async ({ account, campaign, n }, timeout) => {
      const start = draftStart(settings, { account, campaign, n });
      const until = now().getTime() + timeout;
      try {
        const { workflowId } = await withTimeout(({ workflow }) => workflow.start(DRAFT_TYPE, start));
        const temporal = await client();
        await temporal.withDeadline(until, () => temporal.workflow.getHandle(workflowId).result());
      } catch (error) {
        // The draft takes longer, was cancelled, or Temporal is down and the sweep starts it.
        log.debug({ err: error, workflow: start.workflowId }, 'a draft did not end within the wait');
      }
    },

    cancelDraft: ({ campaign, n }) => {
      const id = draftWorkflowId(campaign, n);
      enqueue(id, ({ workflow }) => workflow.getHandle(id).cancel());
    },
  };
}
