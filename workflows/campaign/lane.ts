import { continueAsNew, getExternalWorkflowHandle, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { type CampaignInput, campaignRowChanged, type LaneWait, type PagesResult } from '../messages/campaign.js';
import { campaignWorkflowId } from '../names.js';
import { timer } from '../run.js';
import { mailSteps } from '../steps.js';

export interface LaneInput extends CampaignInput {
  readonly round: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat'>;
  /** Attempts in a row that a mail server has stopped; kept over a continue-as-new. */
  readonly downs?: number;
  /** Attempts of the round before this run, for the Temporal UI. */
  readonly turns?: number;
}

const ATTEMPTS_PER_RUN = 500;

/** How a lane ends; it waits for servers by itself. */
export type LaneResult = Exclude<PagesResult, LaneWait>;

/** One lane of a round: page attempts one after another, over any free pages, until none is left to take. */
export async function campaignLane(input: LaneInput): Promise<LaneResult> {
  const { result, ...rest } = await sendPages(input, ATTEMPTS_PER_RUN, {
    says: setCurrentDetails,
    troubleChanged: () => notifyCoordinator(input),
  });
  return result === 'more' ? continueAsNew<typeof campaignLane>({ ...input, ...rest }) : result;
}

/** The coordinator shows why the campaign waits. Its end ends the lane, so nothing is lost where it cannot be reached. */
async function notifyCoordinator({ campaign }: LaneInput): Promise<void> {
  const coordinator = getExternalWorkflowHandle(campaignWorkflowId(campaign));
  await coordinator.signal(campaignRowChanged).catch(() => undefined);
}

interface Shown {
  /** What the attempts do now, as one line. */
  readonly says: (line: string) => void;
  /** The mail server has stopped the lane, or takes mail again; the row says so. */
  readonly troubleChanged: () => Promise<void>;
}

interface Sent {
  readonly result: LaneResult;
  readonly downs: number;
  readonly turns: number;
}

/** That many page attempts one after another, fewer where none is left to take; `more`: further ones should follow. */
export async function sendPages(
  { times, downs = 0, turns = 0, ...input }: LaneInput,
  attempts: number,
  { says, troubleChanged }: Shown,
): Promise<Sent> {
  let waited = downs;
  let turn = turns;
  for (; turn < turns + attempts; turn++) {
    const name = `turn ${turn + 1} of round ${input.round}`;
    says(`Sends: ${name}`);
    const result = await mailSteps(name, times, input.account).sendPages({ ...input, downs: waited });
    if (typeof result === 'object') {
      const wait = timer(`${result.reason}: tries again`, result.ms);
      says(`Waits for the mail server. ${wait.summary}`);
      if (waited === 0) await troubleChanged();
      await sleep(result.ms, wait);
      waited += 1;
      continue;
    }
    if (waited > 0 && result === 'more') await troubleChanged();
    waited = 0;
    if (result !== 'more') return { result, downs: waited, turns: turn + 1 };
  }
  return { result: 'more', downs: waited, turns: turn };
}
