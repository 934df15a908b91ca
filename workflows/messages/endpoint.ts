import { defineSignal } from '@temporalio/workflow';
import { endpointWorkflowId, queuesOf } from '../names.js';
import { type RunLength, startOptions } from './start.js';

export interface EndpointInput extends RunLength {
  readonly account: number;
  readonly endpoint: number;
}

/** There are events to deliver. */
export const endpointRowChanged = defineSignal('rowChanged');

export const ENDPOINT_TYPE = 'webhookEndpoint';

export function endpointStart(prefix: string, input: EndpointInput) {
  return startOptions<EndpointInput>({
    workflowId: endpointWorkflowId(input.endpoint),
    taskQueue: queuesOf(prefix).workflows,
    input,
    kind: 'webhook',
    summary: `Webhook endpoint ${input.endpoint} of account ${input.account}`,
  });
}
