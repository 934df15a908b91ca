import { continueAsNew, sleep } from '@temporalio/workflow';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { CampaignInput, LaneWait, PagesResult } from '../messages/campaign.js';
import { mailSteps } from '../steps.js';

export interface LaneInput extends CampaignInput {
  readonly round: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat'>;
  /** Attempts in a row that a mail server has stopped; kept over a continue-as-new. */
  readonly downs?: number;
}

const ATTEMPTS_PER_RUN = 500;

/** How a lane ends; it waits for servers by itself. */
export type LaneResult = Exclude<PagesResult, LaneWait>;

/** One lane of a round: page attempts one after another, over any free pages, until none is left to take. */
export async function campaignLane(input: LaneInput): Promise<LaneResult> {
  const { result, downs } = await sendPages(input, ATTEMPTS_PER_RUN);
  return result === 'more' ? continueAsNew<typeof campaignLane>({ ...input, downs }) : result;
}

/** That many page attempts one after another, fewer where none is left to take; `more`: further ones should follow. */
export async function sendPages(
  { times, downs = 0, ...input }: LaneInput,
  attempts: number,
): Promise<{ readonly result: LaneResult; readonly downs: number }> {
  const mail = mailSteps(times, input.account);
  let waited = downs;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const result = await mail.sendPages({ ...input, downs: waited });
    if (typeof result === 'object') {
      await sleep(result.ms, { summary: `waiting for the mail server: ${result.reason}` });
      waited += 1;
      continue;
    }
    waited = 0;
    if (result !== 'more') return { result, downs: waited };
  }
  return { result: 'more', downs: waited };
}
