import { workflowInfo } from '@temporalio/workflow';
import { FIRST_MESSAGE_PHASE } from '../messages/message.js';
import { PHASE, REASON } from '../names.js';
import { showPhase } from '../run.js';

/** Shows why messages wait. Runs of earlier versions have no phase, and get none. */
export function showWaiting(phase: string | undefined, reason: string | null): void {
  const shown = workflowInfo().typedSearchAttributes.get(PHASE);
  if (shown !== undefined) showPhase(phase ?? shown, reason);
}

/** Shows how messages ended, where it is not evident: they have waited, or were not sent. */
export function showEnd(state: string): void {
  const shown = workflowInfo().typedSearchAttributes;
  const isPlain = shown.get(PHASE) === FIRST_MESSAGE_PHASE && shown.get(REASON) === undefined;
  if (state === 'sent' && isPlain) return;
  showWaiting(state, state === 'uncertain' ? 'uncertain_left' : null);
}
