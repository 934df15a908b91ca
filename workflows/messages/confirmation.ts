import { defineSignal } from '@temporalio/workflow';
import { confirmationWorkflowId, queuesOf } from '../names.js';
import { apiLink, type StartSettings, startOptions } from './start.js';

export interface ConfirmationInput {
  readonly account: number;
  readonly confirmation: number;
}

/** The request's row has changed, for example by a confirmation: read it. */
export const confirmationRowChanged = defineSignal('rowChanged');

export const CONFIRMATION_TYPE = 'confirmation';

export function confirmationStart(settings: StartSettings, input: ConfirmationInput, list: number) {
  return startOptions<ConfirmationInput>({
    workflowId: confirmationWorkflowId(input.confirmation),
    taskQueue: queuesOf(settings.prefix).workflows,
    input,
    kind: 'confirmation',
    summary: `Sign-up ${input.confirmation} for list ${list}`,
    details: apiLink(settings, `/lists/${list}`),
  });
}
