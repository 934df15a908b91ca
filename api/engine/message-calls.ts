import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';
import { type TraceParent, withinTrace } from '../../tracing/spans.js';
import {
  MESSAGE_GROUP_TYPE,
  MESSAGE_TYPE,
  messageGroupStart,
  messageRowChanged,
  messageStart,
} from '../../workflows/messages/message.js';
import type { StartSettings } from '../../workflows/messages/start.js';
import { loopLoad } from './loop-load.js';
import { type MessageRun, messageStarts, type StartableMessage } from './message-starts.js';
import type { OutageLog } from './outage-log.js';

/** A row that was accepted or cancelled. */
export type StartedMessage = StartableMessage & Pick<Message, 'state' | 'run'>;

type Call<T> = (temporal: Client) => Promise<T>;
export type WithTimeout = <T>(call: Call<T>, at?: Client) => Promise<T>;
export type Enqueue = (name: string, call: Call<unknown>) => void;

export interface MessageCallOptions extends StartSettings {
  /** The worker in this process, if there is one: it receives the first task of a start that is made with its client. */
  readonly localWorker?: () => LocalWorker | undefined;
  /** Records in the rows of messages which workflow carries them; undefined: the sweep asks for each. */
  readonly messages?: Pick<Messages, 'recordRuns'>;
  /** The sweep leaves a started message alone for so long, in milliseconds. */
  readonly lease?: number;
}

interface LocalWorker {
  /** Undefined once it stops. */
  client(): Client | undefined;
  /** Resolves when it has few messages to send. */
  untilNotBusy(): Promise<void>;
}

interface MessageCallDeps extends MessageCallOptions {
  readonly withTimeout: WithTimeout;
  readonly enqueue: Enqueue;
  readonly outages: OutageLog;
}

/** Ids and dates in memory: a burst of this many messages needs no sweep. */
const MOST_MESSAGES_QUEUED = 10_000;

/** A workflow of several messages belongs to no single request. */
function traceOf({ rows }: MessageRun): TraceParent | undefined {
  return rows.length === 1 ? rows[0]?.traceparent : undefined;
}

/** The calls to Temporal for messages. */
export function messageCalls({ localWorker, withTimeout, enqueue, outages, ...rest }: MessageCallDeps) {
  const starts = messageStarts({
    start: (run) => {
      const local = localWorker?.()?.client();
      const begin = (temporal: Client) => startRun(temporal, rest, run, local !== undefined);
      return withinTrace(traceOf(run), () => withTimeout(begin, local));
    },
    messages: rest.messages ?? { recordRuns: async () => undefined },
    outages,
    lease: rest.lease ?? PROTOCOL_TIMES.lease,
    maxQueued: MOST_MESSAGES_QUEUED,
    untilNotBusy: async () => localWorker?.()?.untilNotBusy(),
    isLoopBusy: localWorker === undefined ? () => false : loopLoad(),
  });

  return {
    startMessage: (row: StartedMessage): void => {
      if (row.state !== 'cancelled') {
        const { _id, account, due, sweep_at, tags, template, traceparent } = row;
        const traced = traceparent !== undefined && { traceparent };
        starts.add({ _id, account, due, sweep_at, tags, template, ...traced });
        return;
      }
      const start = messageStart(rest, { account: row.account, message: row._id }, row);
      enqueue(start.workflowId, async ({ workflow }) => {
        if (await signalOpenRun(workflow, row.run)) return;
        await workflow.signalWithStart(MESSAGE_TYPE, { ...start, signal: messageRowChanged, signalArgs: [] });
      });
    },
    close: starts.close,
  };
}

async function startRun(
  { workflow }: Client,
  settings: StartSettings,
  { workflowId, rows }: MessageRun,
  requestEagerStart: boolean,
): Promise<void> {
  const [first] = rows;
  if (rows.length === 1 && first !== undefined) {
    const start = messageStart(settings, { account: first.account, message: first._id }, first);
    await workflow.start(MESSAGE_TYPE, { ...start, requestEagerStart });
    return;
  }
  try {
    const messages = rows.map(({ _id: message, ...row }) => ({ ...row, message }));
    const start = messageGroupStart(settings, workflowId, messages);
    await workflow.start(MESSAGE_GROUP_TYPE, { ...start, requestEagerStart });
  } catch (error) {
    // The first start had no answer; its run has ended already.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Whether the run that the row names was open and received the signal. */
async function signalOpenRun(workflow: Client['workflow'], run: Message['run']): Promise<boolean> {
  if (run == null) return false;
  try {
    await workflow.getHandle(run).signal(messageRowChanged);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
