import { continueAsNew, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { CampaignInput, LaneWait, PagesResult } from '../messages/campaign.js';
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
  const { result, ...rest } = await sendPages(input, ATTEMPTS_PER_RUN, setCurrentDetails);
  return result === 'more' ? continueAsNew<typeof campaignLane>({ ...input, ...rest }) : result;
}

interface Sent {
  readonly result: LaneResult;
  readonly downs: number;
  readonly turns: number;
}

/**
 * That many page attempts one after another, fewer where none is left to take; `more`: further ones should follow. `says` is
 * told what they do now, as one line. An attempt that a mail server stops writes it in the row and notifies the campaign.
 */
export async function sendPages(
  { times, downs = 0, turns = 0, ...input }: LaneInput,
  attempts: number,
  says: (line: string) => void,
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
      await sleep(result.ms, wait);
      waited += 1;
      continue;
    }
    waited = 0;
    if (result !== 'more') return { result, downs: waited, turns: turn + 1 };
  }
  return { result: 'more', downs: waited, turns: turn };
}
