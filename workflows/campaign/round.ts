import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, condition, executeChild, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { CampaignInput, PagesResult } from '../messages/campaign.js';
import { laneWorkflowId } from '../names.js';
import { historyExceeds } from '../run.js';
import { quickSteps } from '../steps.js';
import type { campaignLane } from './lane.js';
import type { Operators } from './operators.js';

const FIRST_REPORT = 10_000;
const LAST_REPORT = 3_600_000;
const A_DAY = 86_400_000;
/** A run that has seen this many events goes on as a new one. */
const HISTORY_LIMIT = 8_000;
const BETWEEN_TRIES = 1_000;

/** Its history is long; only asked where no lane is running. */
export function isLong(input: CampaignInput): boolean {
  return historyExceeds(input, HISTORY_LIMIT);
}

/** Paused before its audience was frozen, and resumed: a run that began during the pause has not requested approval or waited for its send time. */
export function mustWaitAgain(operators: Operators): boolean {
  return operators.awaitingApproval() || operators.scheduled();
}

/** Sends a round in lanes until no page of it is open, or the run is outgrown; a busy page is not a done page. */
export async function sendRound(input: CampaignInput, operators: Operators): Promise<void> {
  let updated = true;
  while (!operators.finished() && !isLong(input) && !mustWaitAgain(operators)) {
    if (!operators.sending()) {
      if (updated) await report(input, operators);
      updated = await operators.updatedWithin(A_DAY);
      continue;
    }
    updated = true;
    const results = await inLanes(input, operators);
    await report(input, operators);
    if (results.includes('finished')) return;
    await operators.look();
    const pause = results.includes('busy') ? operators.plan().times.lease / 4 : BETWEEN_TRIES;
    if (operators.sending()) await operators.updatedWithin(pause);
  }
}

/** Runs the lanes side by side until all came back; a pause or a cancel calls them back. */
async function inLanes(input: CampaignInput, operators: Operators): Promise<PagesResult[]> {
  const { lanes, round, times } = operators.plan();
  const scope = new CancellationScope();
  const running = scope.run(() =>
    Promise.all(Array.from({ length: lanes }, (_, lane) => runLane({ ...input, round, times }, lane))),
  );
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  for (let wait = FIRST_REPORT; !over && operators.sending(); wait = Math.min(wait * 1.5, LAST_REPORT)) {
    const due = await condition(() => over || !operators.sending(), wait);
    if (!due) await report(input, operators);
  }
  if (!over) scope.cancel();
  return ended;
}

async function runLane(input: Parameters<typeof campaignLane>[0], lane: number): Promise<PagesResult> {
  try {
    return await executeChild<typeof campaignLane>('campaignLane', {
      workflowId: laneWorkflowId(input.campaign, lane),
      args: [input],
      staticSummary: `Lane ${lane} of campaign ${input.campaign}, round ${input.round}`,
    });
  } catch (error) {
    if (isCancellation(error)) return 'not_wanted';
    // The lane of a coordinator that was terminated a moment ago has not gone yet.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'busy';
    throw error;
  }
}

async function report(input: CampaignInput, operators: Operators): Promise<void> {
  const { state, round } = operators.plan();
  const figures = await quickSteps().describeProgress(input);
  setCurrentDetails(`### Campaign ${input.campaign}: ${state}, round ${round}\n\n${figures}`);
}
