import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, executeChild, isCancellation, ParentClosePolicy, sleep } from '@temporalio/workflow';
import type { draft } from '../draft/draft.js';
import type { DraftInput } from '../messages/draft.js';
import { draftWorkflowId } from '../names.js';
import { millisecondsUntil } from '../run.js';

const POLL_MS = 5_000;

/** Has a draft written, as whoever asks for one does; false where there is no text, or none in time. */
export async function writeIssueDraft(input: DraftInput, until: string): Promise<boolean> {
  const deadline = new CancellationScope({ cancellable: true, timeout: Math.max(1, millisecondsUntil(until)) });
  try {
    return (await deadline.run(() => runDraft(input))) === 'ready';
  } catch (error) {
    if (isCancellation(error)) return false;
    throw error;
  }
}

/** The sweep may have started it already: then it is waited for by looking again. */
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
