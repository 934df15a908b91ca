import { defineSignal } from '@temporalio/workflow';
import { nameForOperators } from '../../domain/operator-text.js';
import { endpointWorkflowId, queuesOf } from '../names.js';
import { apiLink, type RunLength, type StartSettings, startOptions } from './start.js';

export interface EndpointInput extends RunLength {
  readonly account: number;
  readonly endpoint: number;
}

/** There are events to deliver. */
export const endpointRowChanged = defineSignal('rowChanged');

export const ENDPOINT_TYPE = 'webhookEndpoint';

/** `url`: only its host is shown, because the rest may hold a secret. */
export function endpointStart(settings: StartSettings, input: EndpointInput, { url }: { readonly url: string }) {
  return startOptions<EndpointInput>({
    workflowId: endpointWorkflowId(input.endpoint),
    taskQueue: queuesOf(settings.prefix).workflows,
    input,
    kind: 'webhook',
    summary: `Webhook ${input.endpoint}: ${nameForOperators(hostOf(url))}`,
    details: apiLink(settings, `/webhooks/${input.endpoint}`),
  });
}

/** The sandbox of workflows has no `URL`. */
function hostOf(url: string): string {
  return /^\w+:\/\/(?:[^/?#]*@)?([^/?#:]*)/.exec(url)?.[1] ?? '';
}
