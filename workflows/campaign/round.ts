import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, condition, executeChild, isCancellation, setCurrentDetails } from '@temporalio/workflow';
import type { CampaignInput, PagesResult } from '../messages/campaign.js';
import { laneWorkflowId } from '../names.js';
import { historyExceeds } from '../run.js';
import { localSteps, quickSteps } from '../steps.js';
import type { campaignLane } from './lane.js';
import type { Operators } from './operators.js';

const FIRST_REPORT = 10_000;
const LAST_REPORT = 3_600_000;
const A_DAY = 86_400_000;
/** A run with this many events continues as a new one. */
const HISTORY_LIMIT = 8_000;
const BETWEEN_TRIES = 1_000;

/** Whether the run should continue as a new one; checked only while no lane runs. */
export function isLong(input: CampaignInput): boolean {
  return historyExceeds(input, HISTORY_LIMIT);
}

/** Resumed from a pause before the freeze: a run that began during the pause has neither requested approval nor waited for the send time. */
export function mustWaitAgain(operators: Operators): boolean {
  return operators.awaitingApproval() || operators.scheduled();
}

/** Sends a round in lanes until no page of it is open, or the history is long. A busy page counts as open. */
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
    if (results.includes('finished')) return;
    await report(input, operators);
    await operators.reload();
    const pause = results.includes('busy') ? operators.plan().times.lease / 4 : BETWEEN_TRIES;
    if (operators.sending()) await operators.updatedWithin(pause);
  }
}

/** Runs the lanes in parallel until all return; a pause or a cancel stops them. */
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
  const stops = () => over || !operators.sending();
  if (!operators.plan().reportsProgress) await condition(stops);
  for (let wait = FIRST_REPORT; !stops(); wait = Math.min(wait * 1.5, LAST_REPORT)) {
    if (!(await condition(stops, wait))) await report(input, operators);
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
    // The lane of a workflow that was just terminated has not ended yet.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'busy';
    throw error;
  }
}

/**
 * Opens the next round, or closes the campaign. A small campaign closes in a local step; with many pages it takes longer than
 * operators may wait.
 */
export async function endRound(input: CampaignInput, operators: Operators): Promise<void> {
  const { lanes, round } = operators.plan();
  const steps = lanes === 1 ? localSteps() : quickSteps();
  const { figures } = operators.apply(await steps.endRound(input, round));
  show(input, operators, figures);
}

async function report(input: CampaignInput, operators: Operators): Promise<void> {
  show(input, operators, await localSteps().describeProgress(input));
}

function show(input: CampaignInput, operators: Operators, figures: string): void {
  const { state, round } = operators.plan();
  setCurrentDetails(`### Campaign ${input.campaign}: ${state}, round ${round}\n\n${figures}`);
}
