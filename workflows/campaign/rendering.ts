import type { CampaignInput } from '../messages/campaign.js';
import { heavySteps } from '../steps.js';
import type { Operators } from './operators.js';
import { isLong } from './round.js';

const LONGEST_WAIT = 86_400_000;

/**
 * Fixes what a launch says: before anybody is asked about it, and before anybody is mailed. Content that may not go out
 * pauses the campaign; a resume looks at it again.
 */
export async function untilRendered(input: CampaignInput, operators: Operators): Promise<void> {
  while (!operators.finished() && !isLong(input)) {
    if ((await heavySteps().renderContent(input)) !== 'refused') return;
    await untilResumed(input, operators);
  }
}

/** Something stands in the way of mailing anybody; the row says what. */
export async function untilResumed(input: CampaignInput, operators: Operators): Promise<void> {
  await operators.look();
  while (operators.paused() && !isLong(input)) await operators.updatedWithin(LONGEST_WAIT);
}
