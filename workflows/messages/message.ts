import { defineSignal } from '@temporalio/workflow';
import { messageWorkflowId, queuesOf } from '../names.js';
import { startOptions } from './start.js';

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
