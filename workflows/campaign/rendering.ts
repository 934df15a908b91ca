import type { CampaignInput } from '../messages/campaign.js';
import { localSteps } from '../steps.js';
import type { Operators } from './operators.js';
import { isLong } from './round.js';

const LONGEST_WAIT = 86_400_000;

/**
 * Fixes the letter of a launch, before the request for approval and before any mail. Content that may not be sent pauses
 * the campaign; a resume checks it again.
 */
export async function untilRendered(input: CampaignInput, operators: Operators): Promise<void> {
  while (!operators.finished() && !isLong(input)) {
    if (operators.apply(await localSteps('fixes the letter').renderContent(input)).result !== 'refused') return;
    await untilResumed(input, operators);
  }
}

/** Waits for the resume of a campaign that may not be sent; the row holds the reason. */
export async function untilResumed(input: CampaignInput, operators: Operators): Promise<void> {
  while (operators.paused() && !isLong(input)) await operators.updatedWithin(LONGEST_WAIT, 'paused: looks again');
}
