import type { CampaignInput } from '../messages/campaign.js';
import { millisecondsUntil } from '../run.js';
import { quickSteps } from '../steps.js';
import type { Operators } from './operators.js';
import { untilRendered } from './rendering.js';
import { isLong } from './round.js';

/**
 * Waits for the approval of a campaign that needs one. Renders its letter first, so that the approval is for the letter
 * that will be sent. Approvers get a request and one reminder, and a new request after a change of the content.
 */
export async function untilApproved(input: CampaignInput, operators: Operators): Promise<void> {
  while (operators.awaitingApproval() && !isLong(input)) {
    await untilRendered(input, operators);
    if (!operators.awaitingApproval() || isLong(input)) return;
    const { remindAt, until } = operators.approvalRequest();
    await quickSteps('mails the request to the approvers').requestApproval(input, false);
    if (remindAt !== null) {
      if (await operators.updatedWithin(millisecondsUntil(remindAt), 'reminds the approvers')) continue;
      await quickSteps('reminds the approvers').requestApproval(input, true);
    }
    if (await operators.updatedWithin(millisecondsUntil(until), 'the request for approval expires')) continue;
    await quickSteps('the request for approval has expired').expireApproval(input);
    await operators.reload();
  }
}
