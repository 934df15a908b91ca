import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { DraftEnd } from '../../activities/draft/draft.js';
import type { DraftInput } from '../messages/campaign.js';
import { modelSteps, quickSteps } from '../steps.js';

/** Has a model write one version of a campaign's text; its row stores the text and the cost. */
export async function draft(input: DraftInput): Promise<string> {
  const end = await writeText(input);
  // Also after an operator cancelled the workflow: the campaign that waits for the draft must be notified.
  return CancellationScope.nonCancellable(() => quickSteps().settleDraft(input, end));
}

/** One call of the model, and one repair call where the answer needs it. Each is its own activity: a crash does not repeat the first. */
async function writeText(input: DraftInput): Promise<DraftEnd> {
  try {
    while ((await modelSteps().writeDraft(input)) === 'again');
    return 'written';
  } catch (error) {
    return isCancellation(error) ? 'cancelled' : 'gave_up';
  }
}
