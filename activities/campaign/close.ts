import type { CampaignOutcome } from '../../domain/campaign/campaign.js';
import { CANCELLED_CLASS, type LedgerPage } from '../../domain/campaign/ledger-page.js';
import { type RecipientEvidenceStores, settleEarlierClickers } from '../../services/evidence.js';
import { stateEvent } from '../../services/steer-campaign.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Ledger, RoundKey } from '../../store/campaigns/ledger.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Rounds } from '../../store/campaigns/rounds.js';
import type { Events } from '../../store/events/events.js';
import type { Quotas } from '../../store/quotas/quotas.js';
import type { Engagements } from '../../store/tracking/engagement.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';
import { figuresOf } from './figures.js';
import { openNextRound } from './next-round.js';
import { type CampaignPlan, campaignPlanner, type PlanDeps } from './plan.js';
import { type PublishingDeps, pagePublisher } from './publishing.js';

export interface ClosingDeps extends PublishingDeps, RecipientEvidenceStores, PlanDeps {
  readonly engagements: Engagements;
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly recipients: Pick<Recipients, 'totals'>;
  readonly events: Events;
  readonly quotas: Pick<Quotas, 'settleCampaign'>;
}

/** The state of the campaign after a round, and its totals in Markdown. */
export interface RoundEnd {
  readonly plan: CampaignPlan;
  readonly figures: string;
}

/** A cancelled campaign: the number of pages that are still open, and its state as after a round. */
export interface CancelEnd extends RoundEnd {
  readonly open: number;
}

/** The reason that the Temporal UI shows of a campaign that has ended with uncertain recipients. */
const UNCERTAIN_LEFT: CampaignOutcome = 'uncertain_left';

/** The end of a round and of a campaign: every recipient has a fate, every fate is published, and the row holds the result. */
export function closingActivities(deps: ClosingDeps) {
  const { recipients } = deps;
  const plan = campaignPlanner(deps);
  const endOf = async (input: CampaignInput): Promise<RoundEnd> => {
    const [row, totals] = await Promise.all([plan(input), recipients.totals(input.account, input.campaign)]);
    const isOver = row.state === 'sent' || row.state === 'failed' || row.state === 'cancelled';
    const reason = isOver && totals.uncertain > 0 ? UNCERTAIN_LEFT : (row.reason ?? null);
    return { plan: { ...row, reason }, figures: figuresOf(totals) };
  };
  return {
    /** Opens the next round where recipients wait for one; otherwise closes the campaign. */
    endRound: async (input: CampaignInput, round: number): Promise<RoundEnd> => {
      if (!(await openNextRound(deps, input, round))) await closeCampaign(deps, input, round);
      return endOf(input);
    },

    /** After a cancel: mail that a lost owner left in flight is uncertain, the rest was never claimed. */
    settleCancelled: async (input: CampaignInput): Promise<CancelEnd> => {
      const row = await deps.campaigns.find(input.account, input.campaign);
      const isCancelled = row?.launch === input.launch && row.state === 'cancelled';
      const open = isCancelled ? await settleCancelledRounds(deps, keyOf(input, row.round)) : 0;
      return { open, ...(await endOf(input)) };
    },
  };
}

/**
 * Ends the rounds up to the one that the cancelled campaign's row named, and returns the number of their pages that are still
 * open. A call that was suspended may continue after a retry or another launch, whose pages it must not touch.
 */
async function settleCancelledRounds(deps: ClosingDeps, last: RoundKey): Promise<number> {
  const { campaignProgress, recipients, rounds } = deps;
  // The pages of a later round are complete: its recipients have left their earlier pages.
  if (last.round === 0) await rounds.endChain(last);
  await sweepPages(deps, last);
  const publish = pagePublisher(deps);
  for await (const page of rounds.idlePages(last)) {
    await publish(page, page.exceptions.slice(page.published));
    await rounds.closeUnclaimed(page);
  }
  const open = await rounds.openPagesOf(last);
  if (open > 0) return open;
  await expireDeferred(deps, last, CANCELLED);
  if (!(await campaignProgress.closeCancelled(last, last.round))) return 0;
  const { sent, uncertain } = await recipients.totals(last.account, last.campaign);
  await deps.quotas.settleCampaign(last.campaign, last.launch, sent + uncertain);
  return 0;
}

/** Recipients still deferred become failed, each with an event; then the campaign is sent, or failed where no mail was accepted. */
async function closeCampaign(deps: ClosingDeps, input: CampaignInput, round: number): Promise<void> {
  const { campaigns, campaignProgress, recipients, events } = deps;
  const row = await campaigns.find(input.account, input.campaign);
  // A later round, opened meanwhile, is not over.
  if (row === null || row.launch !== input.launch || row.round !== round) return;
  if (row.state === 'sending') await expireDeferred(deps, keyOf(input, round), EXPIRED);
  await deps.rounds.deleteOrphans(input);
  await settleEarlierClickers(deps, row);
  const { sent, uncertain } = await recipients.totals(row.account, row._id);
  await campaignProgress.close(input, round, sent > 0 ? 'sent' : 'failed');
  const closed = (await campaigns.find(row.account, row._id)) ?? row;
  if (closed.state === 'sent' || closed.state === 'failed') {
    await events.append([stateEvent(closed, { subject: closed.subject, emails_sent: sent })]);
    await deps.quotas.settleCampaign(row._id, row.launch, sent + uncertain);
  }
  await deps.engagements.rollUp(closed);
}

function keyOf({ account, campaign, launch }: CampaignInput, round: number): RoundKey {
  return { account, campaign, launch, round };
}

/** Marks the recipients that lost owners left between the marks as uncertain, and publishes their events. */
export async function sweepPages(
  deps: PublishingDeps & { readonly ledger: Ledger },
  { account, campaign }: Pick<CampaignInput, 'account' | 'campaign'>,
): Promise<void> {
  const publish = pagePublisher(deps);
  for (;;) {
    const page: LedgerPage | undefined = await deps.ledger.sweep(account, campaign);
    if (page === undefined) return;
    await publish(page, page.exceptions.slice(page.published));
  }
}

const EXPIRED = { kind: 'failed', class: 'expired' } as const;
const CANCELLED = { kind: 'skipped', class: CANCELLED_CLASS } as const;

/** Recipients that still wait for another round are not tried again: publishes their events, then stores their fates. */
async function expireDeferred(
  { rounds, events }: ClosingDeps,
  last: RoundKey,
  as: typeof EXPIRED | typeof CANCELLED,
): Promise<void> {
  const { account, campaign } = last;
  for await (const page of rounds.withDeferred(last)) {
    const waiting = page.exceptions.filter((entry) => entry.kind === 'deferred' && entry.next === null);
    await events.append(
      waiting.map(({ i, reply }) => {
        const subscriber = page.ids[i];
        const about = { account, campaign, ...(subscriber === undefined ? {} : { subscriber }) };
        const data = { class: as.class, reply };
        return { ...about, _id: `${page._id}:${i}:${as.class}`, type: `recipient.${as.kind}`, data };
      }),
    );
  }
  await rounds.expire(last, as);
}
