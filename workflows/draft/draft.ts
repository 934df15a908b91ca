import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { DraftEnd } from '../../activities/draft/draft.js';
import type { DraftInput } from '../messages/draft.js';
import { modelSteps, quickSteps } from '../steps.js';

/** Has one version of a campaign's text written; what it says, and what it cost, stands in its row. */
export async function draft(input: DraftInput): Promise<string> {
  const end = await writeText(input);
  // Also where an operator has cancelled it: the campaign that waits for it must hear of it.
  return CancellationScope.nonCancellable(() => quickSteps().settleDraft(input, end));
}

/** A turn, and the one repair turn where its row asks for it; each is a step of its own, so that no crash pays twice for the first. */
async function writeText(input: DraftInput): Promise<DraftEnd> {
  try {
    while ((await modelSteps().writeDraft(input)) === 'again');
    return 'written';
  } catch (error) {
    return isCancellation(error) ? 'cancelled' : 'gave_up';
  }
}
