import { defineQuery, defineSignal } from '@temporalio/workflow';
import { messageWorkflowId, queuesOf } from '../names.js';
import { startOptions, startOptionsFor } from './start.js';

export interface MessageInput {
  readonly account: number;
  readonly message: string;
}

/** The message's row has changed, for example by a cancel: read it. */
export const messageRowChanged = defineSignal('rowChanged');

export const MESSAGE_TYPE = 'message';

export function messageStart(prefix: string, input: MessageInput) {
  return startOptions<MessageInput>({
    workflowId: messageWorkflowId(input.message),
    taskQueue: queuesOf(prefix).messages,
    input,
    kind: 'message',
    summary: `Message of account ${input.account}`,
  });
}

/** Ids only: content and addresses stay in the rows. */
export interface MessageGroupInput {
  readonly messages: readonly MessageInput[];
  /** What earlier runs of this workflow have done. */
  readonly earlier?: MessageGroupResult;
}

export interface MessageGroupResult {
  /** Messages that reached a final state. */
  readonly final: number;
  /** Messages that got a workflow of their own. */
  readonly separate: number;
}

export interface MessageGroupProgress extends MessageGroupResult {
  readonly total: number;
  readonly left: number;
  /** When the oldest message that is left was accepted; ISO 8601. */
  readonly oldest: string | null;
}

export const messageGroupProgress = defineQuery<MessageGroupProgress>('progress');

export const MESSAGE_GROUP_TYPE = 'messages';

/** The start of one workflow for several messages. `workflowId` is random: only a repeated start finds it in use. */
export function messageGroupStart(prefix: string, workflowId: string, messages: readonly MessageInput[]) {
  const accounts = new Set(messages.map(({ account }) => account));
  const [account] = accounts;
  const of = accounts.size === 1 ? `account ${account}` : `${accounts.size} accounts`;
  const owner = { account: accounts.size === 1 ? account : undefined };
  const options = startOptionsFor<MessageGroupInput>(owner, {
    workflowId,
    taskQueue: queuesOf(prefix).messages,
    input: { messages },
    kind: 'messages',
    summary: `${messages.length} messages of ${of}`,
  });
  return { ...options, workflowIdReusePolicy: 'REJECT_DUPLICATE' as const };
}
