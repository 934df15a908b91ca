import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';
import type { CampaignInput, CampaignView } from '../messages/campaign.js';
import { millisecondsUntil } from '../run.js';
import { heavySteps, quickSteps } from '../steps.js';
import { untilApproved } from './approval.js';
import { listenToOperators, type Operators } from './operators.js';
import { untilRendered, untilResumed } from './rendering.js';
import { isLong, mustWaitAgain, sendRound } from './round.js';

/** Sends one campaign to the audience frozen at launch; survives pauses, restarts and deploys. */
export async function campaign(input: CampaignInput): Promise<CampaignView> {
  const quick = quickSteps();
  const heavy = heavySteps();
  const operators = listenToOperators(input);
  await operators.reload();

  await untilReadyToSend(input, operators);
  while (!operators.finished() && !isLong(input)) {
    if ((await heavy.freezeAudience(input)) === 'refused') {
      await untilResumed(input, operators);
      continue;
    }
    await operators.reload();
    await untilRoundIsDue(input, operators);
    await sendRound(input, operators);
    if (isLong(input)) break;
    if (mustWaitAgain(operators)) {
      await untilReadyToSend(input, operators);
      continue;
    }
    if (await quick.openNextRound(input, operators.plan().round)) continue;
    await quick.closeCampaign(input);
    await operators.reload();
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
    if (await operators.updatedWithin(millisecondsUntil(operators.plan().sendAt))) continue;
    await quickSteps().beginCampaign(input);
    await operators.reload();
  }
}

async function untilRoundIsDue(input: CampaignInput, operators: Operators): Promise<void> {
  while (!operators.finished() && !isLong(input) && millisecondsUntil(operators.plan().due) > 0) {
    await operators.updatedWithin(millisecondsUntil(operators.plan().due));
  }
}

/** After a cancel, mail of lost owners may be uncertain: it is listed once their lease is over. */
async function settleIfCancelled(input: CampaignInput, operators: Operators): Promise<void> {
  const { state, launch, times } = operators.plan();
  if (state !== 'cancelled' || launch !== input.launch) return;
  while ((await quickSteps().settleCancelled(input)) > 0) await operators.updatedWithin(times.lease / 4);
}

/** Continues as a new run where the history is long, or where a launch or a retry came while this run was ending. */
async function finish(input: CampaignInput, operators: Operators): Promise<CampaignView> {
  await condition(allHandlersFinished);
  const { state, v, launch } = operators.plan();
  const again = ['awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'].includes(state);
  if (again) await continueAsNew<typeof campaign>({ ...input, launch });
  return { state, v };
}
