import { now } from '../../clock.js';
import type { ProtocolTimes } from '../../domain/delivery/protocol.js';
import { nextRound } from '../../domain/delivery/retry.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';

export interface NextRoundDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly campaignProgress: Pick<CampaignProgress, 'openRound'>;
  readonly recipients: Pick<Recipients, 'totals'>;
  readonly times: ProtocolTimes;
}

/** Opens the round after `round` while deferred recipients are left and time remains; false: nothing left to try. */
export async function openNextRound(deps: NextRoundDeps, input: CampaignInput, round: number): Promise<boolean> {
  const row = await deps.campaigns.find(input.account, input.campaign);
  if (row?.launch !== input.launch || (row.state !== 'sending' && row.state !== 'paused')) return false;
  if (row.round > round) return true;
  const next = await roundAfter(deps, row);
  return next !== undefined && (await deps.campaignProgress.openRound(input, round + 1, next));
}

async function roundAfter(deps: NextRoundDeps, row: Campaign) {
  const { deferred, uncertain } = await deps.recipients.totals(row.account, row._id);
  const hours = row.settings.ttl_hours;
  const expires = new Date((row.launched_at ?? row.created_at).getTime() + hours * 3_600_000);
  const mayResend =
    row.settings.on_uncertain === 'resend' && !row.rounds.some(({ takes }) => takes.includes('uncertain'));
  const need = { deferred, uncertain, mayResend, round: row.round + 1, now: now(), expires };
  const { resendAfter, firstRetry } = deps.times;
  return nextRound({ ...need, resendAfter, firstRetry }, Math.random());
}
