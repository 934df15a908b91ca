import { hasWaitedLong } from './campaign-round.js';
import type { CampaignInput } from './messages.js';
import type { Operators } from './operators.js';
import { untilRendered } from './rendering.js';
import { quickSteps } from './steps.js';
import { millisecondsUntil } from './waiting.js';

/**
 * A campaign that needs a yes waits here. Its letter is rendered first, so that the yes is for what will go out. Approvers
 * are mailed, reminded once, and asked anew where the text changes.
 */
export async function untilApproved(input: CampaignInput, operators: Operators): Promise<void> {
  const quick = quickSteps();
  while (operators.asking() && !hasWaitedLong(input)) {
    await untilRendered(input, operators);
    if (!operators.asking() || hasWaitedLong(input)) return;
    const { remindAt, until } = operators.question();
    await quick.askApprovers(input, false);
    if (remindAt !== null) {
      if (await operators.newsWithin(millisecondsUntil(remindAt))) continue;
      await quick.askApprovers(input, true);
    }
    if (await operators.newsWithin(millisecondsUntil(until))) continue;
    await quick.lapseApproval(input);
    await operators.look();
  }
}
