import { Client, Connection } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { now } from '../clock.js';
import type { Campaign } from '../store/campaigns.js';
import type { Confirmation } from '../store/confirmation/row.js';
import type { DraftKey } from '../store/drafts.js';
import type { Message } from '../store/messages-row.js';
import {
  ISSUE_TYPE,
  type IssueRef,
  issueStart,
  lookAtIssue,
  lookAtNewsletter,
  NEWSLETTER_TYPE,
  newsletterStart,
} from '../workflows/messages/newsletter.js';
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
  lookAtConfirmation,
  lookAtEndpoint,
  lookAtMessage,
  MESSAGE_TYPE,
  messageStart,
} from '../workflows/messages.js';
import { draftWorkflowId } from '../workflows/names.js';
import { wakeQueue } from './wake-queue.js';

/**
 * What a route may ask of the workflows. Never awaited by an answer: rows say what should be, and the sweep starts
 * whatever a wake-up could not.
 */
export interface Engine {
  /** Start the campaign's workflow, or tell the running one to read its row again. */
  wakeCampaign(row: Pick<Campaign, '_id' | 'account' | 'launch'>): void;
  /** Start the request's workflow, or tell the running one to read its row again. */
  wakeConfirmation(row: Pick<Confirmation, '_id' | 'account'>): void;
  wakeImport(row: { readonly _id: number; readonly account: number }): void;
  /** Starts the message's workflow; a cancelled one's is told to read the row. */
  wakeMessage(row: Pick<Message, '_id' | 'account' | 'state'>): void;
  /** Starts the draft's workflow and waits for its end, `patience` milliseconds at most. Its row says what came of it. */
  draftWritten(row: DraftKey, patience: number): Promise<void>;
  /** Nobody wants the draft any more. */
  cancelDraft(row: DraftKey): void;
  /** Starts the endpoint's workflow, or tells the running one that there is something to deliver. */
  wakeEndpoint(row: { readonly _id: number; readonly account: number }): void;
  /** Has the newsletter's Schedule compared with its row. */
  wakeNewsletter(row: { readonly _id: number; readonly account: number }): void;
  /** Begins the issue, or tells the running one that something came in for it. */
  wakeIssue(issue: IssueRef): void;
  /** Whether Temporal answers right now. */
  reachable(): Promise<boolean>;
  /** Waits for the wake-ups under way; none is accepted afterwards. */
  close(): Promise<void>;
}

/** Wakes nobody: for an app that is looked at and not served. */
export const idleEngine: Engine = {
  wakeCampaign: () => {},
  wakeConfirmation: () => {},
  wakeImport: () => {},
  wakeMessage: () => {},
  draftWritten: async () => {},
  cancelDraft: () => {},
  wakeEndpoint: () => {},
  wakeNewsletter: () => {},
  wakeIssue: () => {},
  reachable: async () => true,
  close: async () => {},
};

export interface EngineOptions {
  /** Asked once, at the first wake-up, and again as long as it fails. */
  readonly client: () => Promise<Client> | Client;
  /** The client of a worker in this process, where there is one: it gets a message's first task with the start itself. */
  readonly nearby?: () => Client | undefined;
  /** Of the installation's queues. */
  readonly prefix: string;
  readonly log: FastifyBaseLogger;
  readonly atOnce?: number;
  readonly waiting?: number;
  /** Milliseconds one call may take. */
  readonly deadline?: number;
}

/** Wakes workflows behind the answers. Works, and lets the API work, while Temporal is down. */
export function temporalEngine(options: EngineOptions): Engine {
  const { client, prefix, log, atOnce = 16, waiting = 1_000, deadline = 2_500 } = options;
  const queue = wakeQueue({ log, atOnce, waiting });
  let closed = false;

  const inTime = async <T>(call: (temporal: Client) => Promise<T>, at?: Client): Promise<T> => {
    const temporal = at ?? (await client());
    return temporal.withDeadline(now().getTime() + deadline, () => call(temporal));
  };
  const wake = (name: string, call: (temporal: Client) => Promise<unknown>, at?: Client): void => {
    if (!closed) queue.add(name, () => inTime(call, at));
  };

  return {
    wakeCampaign: ({ _id, account, launch }) => {
      const start = campaignStart(prefix, { account, campaign: _id, launch });
      wake(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(CAMPAIGN_TYPE, { ...start, signal: lookAtCampaign, signalArgs: [] }),
      );
    },

    wakeConfirmation: ({ _id, account }) => {
      const start = confirmationStart(prefix, { account, confirmation: _id });
      wake(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(CONFIRMATION_TYPE, { ...start, signal: lookAtConfirmation, signalArgs: [] }),
      );
    },

    wakeImport: ({ _id, account }) => {
      const start = importStart(prefix, { account, import: _id });
      wake(start.workflowId, ({ workflow }) => workflow.start(IMPORT_TYPE, start));
    },

    ...messageCalls(options, wake),
    ...newsletterCalls(options, wake),
    ...draftCalls(prefix, { client, inTime, wake, log }),

    wakeEndpoint: ({ _id, account }) => {
      const start = endpointStart(prefix, { account, endpoint: _id });
      wake(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(ENDPOINT_TYPE, { ...start, signal: lookAtEndpoint, signalArgs: [] }),
      );
    },

    reachable: () =>
      inTime(({ workflowService }) => workflowService.getSystemInfo({})).then(
        () => true,
        () => false,
      ),

    close: async () => {
      closed = true;
      await queue.drain();
    },
  };
}

type Wake = (name: string, call: (temporal: Client) => Promise<unknown>, at?: Client) => void;

function messageCalls({ prefix, nearby }: EngineOptions, wake: Wake): Pick<Engine, 'wakeMessage'> {
  return {
    wakeMessage: ({ _id, account, state }) => {
      const start = messageStart(prefix, { account, message: _id });
      if (state === 'cancelled') {
        wake(start.workflowId, ({ workflow }) =>
          workflow.signalWithStart(MESSAGE_TYPE, { ...start, signal: lookAtMessage, signalArgs: [] }),
        );
        return;
      }
      const near = nearby?.();
      const requestEagerStart = near !== undefined;
      wake(start.workflowId, ({ workflow }) => workflow.start(MESSAGE_TYPE, { ...start, requestEagerStart }), near);
    },
  };
}

function newsletterCalls({ prefix }: EngineOptions, wake: Wake): Pick<Engine, 'wakeNewsletter' | 'wakeIssue'> {
  return {
    wakeNewsletter: ({ _id, account }) => {
      const start = newsletterStart(prefix, { account, newsletter: _id });
      wake(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(NEWSLETTER_TYPE, { ...start, signal: lookAtNewsletter, signalArgs: [] }),
      );
    },

    wakeIssue: (issue) => {
      const start = issueStart(prefix, issue);
      wake(start.workflowId, ({ workflow }) =>
        workflow.signalWithStart(ISSUE_TYPE, { ...start, signal: lookAtIssue, signalArgs: [] }),
      );
    },
  };
}

interface Calls extends Pick<EngineOptions, 'client' | 'log'> {
  inTime<T>(call: (temporal: Client) => Promise<T>): Promise<T>;
  readonly wake: Wake;
}

function draftCalls(
  prefix: string,
  { client, inTime, wake, log }: Calls,
): Pick<Engine, 'draftWritten' | 'cancelDraft'> {
  return {
    draftWritten: async ({ account, campaign, n }, patience) => {
      const start = draftStart(prefix, { account, campaign, n });
      const until = now().getTime() + patience;
      try {
        const { workflowId } = await inTime(({ workflow }) => workflow.start(DRAFT_TYPE, start));
        const temporal = await client();
        await temporal.withDeadline(until, () => temporal.workflow.getHandle(workflowId).result());
      } catch (error) {
        // It takes longer, was cancelled, or Temporal is down and the sweep will start it.
        log.debug({ err: error, workflow: start.workflowId }, 'a draft was not awaited to its end');
      }
    },

    cancelDraft: ({ campaign, n }) => {
      const id = draftWorkflowId(campaign, n);
      wake(id, ({ workflow }) => workflow.getHandle(id).cancel());
    },
  };
}

export interface LazyClient {
  readonly client: () => Client;
  close(): Promise<void>;
}

/** A client that connects when it is first used, and again whenever it must. */
export function lazyClient(address: string, namespace: string): LazyClient {
  const connection = Connection.lazy({ address, connectTimeout: '3s' });
  const client = new Client({ connection, namespace });
  return { client: () => client, close: () => connection.close() };
}
