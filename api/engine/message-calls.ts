import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import type { Messages } from '../../store/messages/messages.js';
import type { Message } from '../../store/messages/row.js';
import {
  MESSAGE_GROUP_TYPE,
  MESSAGE_TYPE,
  messageGroupStart,
  messageRowChanged,
  messageStart,
} from '../../workflows/messages/message.js';
import { type MessageRun, messageStarts } from './message-starts.js';
import type { OutageLog } from './outage-log.js';

type Call<T> = (temporal: Client) => Promise<T>;
export type WithTimeout = <T>(call: Call<T>, at?: Client) => Promise<T>;
export type Enqueue = (name: string, call: Call<unknown>) => void;

export interface MessageCallOptions {
  /** The client of a worker in this process, if there is one: that worker receives a message's first task with its start. */
  readonly localClient?: () => Client | undefined;
  /** Prefix of the installation's queues. */
  readonly prefix: string;
  /** Records in the rows of messages which workflow carries them; undefined: the sweep asks for each. */
  readonly messages?: Pick<Messages, 'recordRuns'>;
  /** The sweep leaves a started message alone for so long, in milliseconds. */
  readonly lease?: number;
}

interface MessageCallDeps extends MessageCallOptions {
  readonly withTimeout: WithTimeout;
  readonly enqueue: Enqueue;
  readonly outages: OutageLog;
}

/** Ids in memory: a burst of this many messages needs no sweep. */
const MOST_MESSAGES_QUEUED = 10_000;

/** The calls to Temporal for messages. */
export function messageCalls({ prefix, localClient, withTimeout, enqueue, outages, ...rest }: MessageCallDeps) {
  const starts = messageStarts({
    start: (run) => {
      const local = localClient?.();
      return withTimeout((temporal) => startRun(temporal, prefix, run, local !== undefined), local);
    },
    messages: rest.messages ?? { recordRuns: async () => undefined },
    outages,
    lease: rest.lease ?? PROTOCOL_TIMES.lease,
    maxQueued: MOST_MESSAGES_QUEUED,
  });

  return {
    startMessage: (row: Pick<Message, '_id' | 'account' | 'state' | 'due' | 'sweep_at' | 'run'>): void => {
      if (row.state !== 'cancelled') {
        starts.add(row);
        return;
      }
      const start = messageStart(prefix, { account: row.account, message: row._id });
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
  prefix: string,
  { workflowId, rows }: MessageRun,
  requestEagerStart: boolean,
): Promise<void> {
  const messages = rows.map(({ _id: message, account }) => ({ account, message }));
  const [first] = messages;
  if (rows.length === 1 && first !== undefined) {
    await workflow.start(MESSAGE_TYPE, { ...messageStart(prefix, first), requestEagerStart });
    return;
  }
  try {
    const start = messageGroupStart(prefix, workflowId, messages);
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
