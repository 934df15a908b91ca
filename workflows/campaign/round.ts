import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CancellationScope, condition, executeChild, isCancellation } from '@temporalio/workflow';
import type { CampaignInput } from '../messages/campaign.js';
import { attributesOf } from '../messages/start.js';
import { laneWorkflowId } from '../names.js';
import { historyExceeds, timer } from '../run.js';
import { localSteps, quickSteps } from '../steps.js';
import { type campaignLane, type LaneInput, type LaneResult, sendPages } from './lane.js';
import type { Operators } from './operators.js';

const FIRST_REPORT = 10_000;
const LAST_REPORT = 3_600_000;
const A_DAY = 86_400_000;
/** A run with this many events continues as a new one. */
const HISTORY_LIMIT = 8_000;
const BETWEEN_TRIES = 1_000;
const BEFORE_OTHERS = 1_000;

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
      updated = await operators.updatedWithin(A_DAY, 'paused: looks again');
      continue;
    }
    updated = true;
    const results = await inLanes(input, operators);
    if (results.includes('finished')) return;
    await report(input, operators);
    await operators.reload();
    const isBusy = results.includes('busy');
    const pause = isBusy ? operators.plan().times.lease / 4 : BETWEEN_TRIES;
    const why = isBusy ? 'a worker has the open pages' : 'no lane runs';
    if (operators.sending()) await operators.updatedWithin(pause, `${why}: tries again`);
  }
}

/** Runs the lanes in parallel until all return; a pause or a cancel stops them. */
async function inLanes(input: CampaignInput, operators: Operators): Promise<LaneResult[]> {
  const { lanes, round, times } = operators.plan();
  const scope = new CancellationScope();
  const running = scope.run(() => runLanes({ ...input, round, times }, lanes));
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  const stops = () => over || !operators.sending();
  if (!operators.plan().reportsProgress) await condition(stops);
  for (let wait = FIRST_REPORT; !stops(); wait = Math.min(wait * 1.5, LAST_REPORT)) {
    if (!(await condition(stops, wait, timer('counts the recipients', wait)))) await report(input, operators);
  }
  if (!over) scope.cancel();
  return ended;
}

/**
 * The first lane begins at once, with an attempt in this workflow: most campaigns need no more. One lane can use all
 * connections of a process; the others are for further processes, and the first mail does not wait for their start.
 */
async function runLanes(input: LaneInput, lanes: number): Promise<LaneResult[]> {
  const first = unlessCancelled(async () => {
    const { result, ...rest } = await sendPages(input, 1, () => undefined);
    return result === 'more' ? runLane({ ...input, ...rest }, 0) : result;
  });
  if (lanes === 1 || (await endsWithin(first, BEFORE_OTHERS))) return [await first];
  const others = Array.from({ length: lanes - 1 }, (_, k) => unlessCancelled(() => runLane(input, k + 1)));
  return Promise.all([first, ...others]);
}

async function runLane(input: LaneInput, lane: number): Promise<LaneResult> {
  try {
    return await executeChild<typeof campaignLane>('campaignLane', {
      workflowId: laneWorkflowId(input.campaign, lane),
      args: [input],
      staticSummary: `Lane ${lane} of campaign ${input.campaign}, round ${input.round}`,
      typedSearchAttributes: attributesOf({ ...input, kind: 'lane' }),
    });
  } catch (error) {
    // The lane of a workflow that was just terminated has not ended yet.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'busy';
    throw error;
  }
}

async function unlessCancelled(lane: () => Promise<LaneResult>): Promise<LaneResult> {
  try {
    return await lane();
  } catch (error) {
    if (isCancellation(error)) return 'not_wanted';
    throw error;
  }
}

/** Whether a lane ends within this time, or is cancelled meanwhile. */
async function endsWithin(lane: Promise<LaneResult>, ms: number): Promise<boolean> {
  let hasEnded = false;
  const ended = () => {
    hasEnded = true;
  };
  lane.then(ended, ended);
  try {
    return await condition(() => hasEnded, ms, timer('further lanes begin', ms));
  } catch (error) {
    if (isCancellation(error)) return true;
    throw error;
  }
}

/**
 * Opens the next round, or closes the campaign. A small campaign closes in a local step; with many pages it takes longer than
 * operators may wait.
 */
export async function endRound(input: CampaignInput, operators: Operators): Promise<void> {
  const { lanes, round } = operators.plan();
  const summary = `ends round ${round}`;
  const steps = lanes === 1 ? localSteps(summary) : quickSteps(summary);
  operators.counted(operators.apply(await steps.endRound(input, round)).figures);
}

async function report(input: CampaignInput, operators: Operators): Promise<void> {
  operators.counted(await localSteps('counts the recipients').describeProgress(input));
}
