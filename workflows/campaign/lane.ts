import { continueAsNew, sleep } from '@temporalio/workflow';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { CampaignInput, PagesResult } from '../messages/campaign.js';
import { localSteps, mailSteps } from '../steps.js';

export interface LaneInput extends CampaignInput {
  readonly round: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat'>;
  /** Attempts in a row that found the transport down; kept over a continue-as-new. */
  readonly downs?: number;
}

const ATTEMPTS_PER_RUN = 500;
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 300_000;

/** One lane of a round: page attempts one after another, over any free pages, until none is left to take. */
export async function campaignLane(input: LaneInput): Promise<PagesResult> {
  const { result, downs } = await sendPages(input, ATTEMPTS_PER_RUN);
  return result === 'more' ? continueAsNew<typeof campaignLane>({ ...input, downs }) : result;
}

/** That many page attempts one after another, fewer where none is left to take; `more`: further ones should follow. */
export async function sendPages(
  { times, downs = 0, ...input }: LaneInput,
  attempts: number,
): Promise<{ readonly result: Exclude<PagesResult, 'transport_down'>; readonly downs: number }> {
  const mail = mailSteps(times, input.account);
  const local = localSteps();
  let down = downs;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const result = await mail.sendPages({ ...input, probe: down > 0 });
    if (result === 'transport_down') {
      if (down === 0) await local.recordTrouble(input, 'transport_unavailable');
      await sleep(Math.min(FIRST_WAIT * 2 ** down, LONGEST_WAIT), { summary: 'waiting for the mail server' });
      down += 1;
      continue;
    }
    if (down > 0) await local.recordTrouble(input, null);
    down = 0;
    if (result !== 'more') return { result, downs: down };
  }
  return { result: 'more', downs: down };
}
