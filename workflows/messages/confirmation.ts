import { defineSignal } from '@temporalio/workflow';
import { confirmationWorkflowId, queuesOf } from '../names.js';
import { startOptions } from './start.js';

export interface ConfirmationInput {
  readonly account: number;
  readonly confirmation: number;
}

/** The request's row has changed, for example by a confirmation: read it. */
export const confirmationRowChanged = defineSignal('rowChanged');

export const CONFIRMATION_TYPE = 'confirmation';

export function confirmationStart(prefix: string, input: ConfirmationInput) {
  return startOptions<ConfirmationInput>({
    workflowId: confirmationWorkflowId(input.confirmation),
    taskQueue: queuesOf(prefix).workflows,
    input,
    kind: 'confirmation',
    summary: `Confirmation ${input.confirmation} of account ${input.account}`,
  });
}
