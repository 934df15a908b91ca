import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, executeChild, isCancellation, ParentClosePolicy, sleep } from '@temporalio/workflow';
import type { draft } from '../draft/draft.js';
import type { DraftInput } from '../messages/draft.js';
import { draftWorkflowId } from '../names.js';
import { millisecondsUntil } from '../run.js';

const POLL_MS = 5_000;

/** Has a draft written; false where the model wrote no text, or none before the deadline. */
export async function writeIssueDraft(input: DraftInput, until: string): Promise<boolean> {
  const deadline = new CancellationScope({ cancellable: true, timeout: Math.max(1, millisecondsUntil(until)) });
  try {
    return (await deadline.run(() => runDraft(input))) === 'ready';
  } catch (error) {
    if (isCancellation(error)) return false;
    throw error;
  }
}

/** Runs the draft's workflow. Where the sweep has started it already, returns after a wait, and the caller checks the draft again. */
async function runDraft(input: DraftInput): Promise<string> {
  try {
    return await executeChild<typeof draft>('draft', {
      workflowId: draftWorkflowId(input.campaign, input.n),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Draft ${input.n} of campaign ${input.campaign} of account ${input.account}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await sleep(POLL_MS);
    return 'ready';
  }
}
