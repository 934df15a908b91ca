import { continueAsNew, sleep } from '@temporalio/workflow';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import type { CampaignInput, LaneWait, PagesResult } from '../messages/campaign.js';
import { localSteps, mailSteps } from '../steps.js';

export interface LaneInput extends CampaignInput {
  readonly round: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat'>;
  /** Attempts in a row that found the transport down; kept over a continue-as-new. */
  readonly downs?: number;
}

/** Troubles that pass with an hour, a day or the care of an operator. */
const TROUBLES_OF_TIME: readonly string[] = ['quota_exceeded', 'system_full'];
/** The campaign's `reason`; `quota_exceeded` is that of the plan. */
const REASONS: Readonly<Record<string, string>> = {
  quota_exceeded: 'server_quota_exceeded',
  system_full: 'server_full',
  rate_limited: 'server_rate_limited',
};

const ATTEMPTS_PER_RUN = 500;
/** Milliseconds of the first wait and of the longest one; each wait in a row is twice as long. */
const TRANSPORT_WAITS = { first: 5_000, longest: 300_000 };
const QUOTA_WAITS = { first: 60_000, longest: 3_600_000 };

/** How a lane ends; it waits for servers by itself. */
export type LaneResult = Exclude<PagesResult, 'transport_down' | LaneWait>;

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
  const local = localSteps();
  let down = downs;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const result = await mail.sendPages({ ...input, probe: down > 0 });
    if (result === 'transport_down' || typeof result === 'object') {
      const { reason, ms } = waitOf(result, down);
      if (down === 0) await local.recordTrouble(input, reason);
      await sleep(ms, { summary: `waiting for the mail server: ${reason}` });
      down += 1;
      continue;
    }
    if (down > 0) await local.recordTrouble(input, null);
    down = 0;
    if (result !== 'more') return { result, downs: down };
  }
  return { result: 'more', downs: down };
}

/** The time that the server named, or a growing wait of our own. */
function waitOf(result: 'transport_down' | LaneWait, waited: number): { readonly reason: string; readonly ms: number } {
  const { reason, ms } = result === 'transport_down' ? { reason: 'transport_unavailable', ms: null } : result;
  const { first, longest } = TROUBLES_OF_TIME.includes(reason) ? QUOTA_WAITS : TRANSPORT_WAITS;
  return { reason: REASONS[reason] ?? reason, ms: ms ?? Math.min(first * 2 ** waited, longest) };
}
