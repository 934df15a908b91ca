import { CancellationScope, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { DraftEnd } from '../../activities/draft/draft.js';
import type { DraftInput } from '../messages/campaign.js';
import { modelSteps, quickSteps } from '../steps.js';

/** Has a model write one version of a campaign's text; its row stores the text and the cost. */
export async function draft(input: DraftInput): Promise<string> {
  const end = await writeText(input);
  // Also after an operator cancelled the workflow: the campaign that waits for the draft must be notified.
  const settle = () => quickSteps('records the end and notifies the campaign').settleDraft(input, end);
  const state = await CancellationScope.nonCancellable(settle);
  setCurrentDetails(state);
  return state;
}

/** One call of the model, and one repair call where the answer needs it. Each is its own activity: a crash does not repeat the first. */
async function writeText(input: DraftInput): Promise<DraftEnd> {
  try {
    setCurrentDetails('The model writes.');
    let call = 1;
    while ((await modelSteps(`call ${call} of the model`).writeDraft(input)) === 'again') {
      call += 1;
      setCurrentDetails('The model repairs its answer.');
    }
    return 'written';
  } catch (error) {
    return isCancellation(error) ? 'cancelled' : 'gave_up';
  }
}
