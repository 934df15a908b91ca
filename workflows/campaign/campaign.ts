import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { CancelEnd } from '../../activities/campaign/close.js';
import type { CampaignInput, CampaignView } from '../messages/campaign.js';
import { millisecondsUntil } from '../run.js';
import { heavySteps, localSteps, quickSteps } from '../steps.js';
import { untilApproved } from './approval.js';
import { freezeAndSend } from './freeze.js';
import { listenToOperators, type Operators } from './operators.js';
import { untilRendered, untilResumed } from './rendering.js';
import { endRound, isLong, mustWaitAgain } from './round.js';

/** Sends one campaign to the audience frozen at launch; survives pauses, restarts and deploys. */
export async function campaign(input: CampaignInput): Promise<CampaignView> {
  const operators = listenToOperators(input);
  await operators.reload();

  await untilReadyToSend(input, operators);
  while (!operators.finished() && !isLong(input)) {
    if ((await freezeAndSend(input, operators)) === 'refused') {
      await untilResumed(input, operators);
      continue;
    }
    if (operators.finished() || isLong(input)) break;
    if (mustWaitAgain(operators)) {
      await untilReadyToSend(input, operators);
      continue;
    }
    await endRound(input, operators);
  }
  await settleIfCancelled(input, operators);
  return finish(input, operators);
}

/** Waits for the approval of the rendered letter where the campaign needs one, then for the send time. */
async function untilReadyToSend(input: CampaignInput, operators: Operators): Promise<void> {
  while ((operators.awaitingApproval() || operators.scheduled()) && !isLong(input)) {
    await untilApproved(input, operators);
    await untilSendTime(input, operators);
  }
  await untilRendered(input, operators);
}

/** Waits for the time of a scheduled campaign; operators may reschedule it, send it now or unschedule it meanwhile. */
async function untilSendTime(input: CampaignInput, operators: Operators): Promise<void> {
  while (operators.scheduled() && !isLong(input)) {
    if (await operators.updatedWithin(millisecondsUntil(operators.plan().sendAt), 'sends')) continue;
    operators.apply({ plan: await localSteps('the send time has come').beginCampaign(input) });
  }
}

/** After a cancel, mail of lost owners may be uncertain: it is listed once their lease is over. */
async function settleIfCancelled(input: CampaignInput, operators: Operators): Promise<void> {
  const { state, launch, times } = operators.plan();
  if (state !== 'cancelled' || launch !== input.launch) return;
  // A round whose recipients have left their earlier pages gets its pages.
  if (operators.plan().round > 0) await heavySteps('completes the pages of the round').freezeAudience(input);
  while ((await openPages(input, operators)) > 0) {
    await operators.updatedWithin(times.lease / 4, 'settles what lost workers have left');
  }
}

async function openPages(input: CampaignInput, operators: Operators): Promise<number> {
  const ended: CancelEnd | number = await quickSteps('settles the cancelled campaign').settleCancelled(input);
  // In histories of earlier versions the result is the number alone.
  if (typeof ended === 'number') return ended;
  operators.counted(operators.apply(ended).figures);
  return ended.open;
}

/** Continues as a new run where the history is long, or where a launch or a retry came while this run was ending. */
async function finish(input: CampaignInput, operators: Operators): Promise<CampaignView> {
  await condition(allHandlersFinished);
  const { state, v, launch } = operators.plan();
  const again = ['awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'].includes(state);
  if (again) await continueAsNew<typeof campaign>({ ...input, launch });
  return { state, v };
}
