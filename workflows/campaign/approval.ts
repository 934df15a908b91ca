import type { CampaignInput } from '../messages/campaign.js';
import { millisecondsUntil } from '../run.js';
import { quickSteps } from '../steps.js';
import type { Operators } from './operators.js';
import { untilRendered } from './rendering.js';
import { isLong } from './round.js';

/**
 * A campaign that needs a yes waits here. Its letter is rendered first, so that the yes is for what will go out. Approvers
 * are mailed, reminded once, and asked anew where the text changes.
 */
export async function untilApproved(input: CampaignInput, operators: Operators): Promise<void> {
  const quick = quickSteps();
  while (operators.awaitingApproval() && !isLong(input)) {
    await untilRendered(input, operators);
    if (!operators.awaitingApproval() || isLong(input)) return;
    const { remindAt, until } = operators.approvalRequest();
    await quick.requestApproval(input, false);
    if (remindAt !== null) {
      if (await operators.updatedWithin(millisecondsUntil(remindAt))) continue;
      await quick.requestApproval(input, true);
    }
    if (await operators.updatedWithin(millisecondsUntil(until))) continue;
    await quick.expireApproval(input);
    await operators.look();
  }
}
