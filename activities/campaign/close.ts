import type { CampaignOutcome } from '../../domain/campaign/campaign.js';
import { CANCELLED_CLASS, type LedgerPage } from '../../domain/campaign/ledger-page.js';
import { type RecipientEvidenceStores, settleEarlierClickers } from '../../services/evidence.js';
import { stateEvent } from '../../services/steer-campaign.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { Ledger } from '../../store/campaigns/ledger.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Rounds } from '../../store/campaigns/rounds.js';
import type { Campaign } from '../../store/campaigns/row.js';
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
  const { campaignProgress, recipients } = deps;
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
      if (!(await openNextRound(deps, input, round))) await closeCampaign(deps, input);
      return endOf(input);
    },

    /** After a cancel: mail that a lost owner left in flight is uncertain, the rest was never claimed. */
    settleCancelled: async (input: CampaignInput): Promise<CancelEnd> => {
      await endChain(deps, input);
      await sweepPages(deps, input);
      const publish = pagePublisher(deps);
      for await (const page of deps.rounds.idlePages(input.account, input.campaign)) {
        await publish(page, page.exceptions.slice(page.published));
        await deps.rounds.closeUnclaimed(page);
      }
      const open = await deps.rounds.openPagesOf(input.account, input.campaign);
      if (open > 0) return { open, ...(await endOf(input)) };
      await expireDeferred(deps, { account: input.account, _id: input.campaign }, CANCELLED);
      await campaignProgress.closeCancelled(input);
      const { sent, uncertain } = await recipients.totals(input.account, input.campaign);
      await deps.quotas.settleCampaign(input.campaign, input.launch, sent + uncertain);
      return { open, ...(await endOf(input)) };
    },
  };
}

/** Recipients still deferred become failed, each with an event; then the campaign is sent, or failed where no mail was accepted. */
async function closeCampaign(deps: ClosingDeps, input: CampaignInput): Promise<void> {
  const { campaigns, campaignProgress, recipients, events } = deps;
  const row = await campaigns.find(input.account, input.campaign);
  if (row === null || row.launch !== input.launch) return;
  if (row.state === 'sending') await expireDeferred(deps, row, EXPIRED);
  await deps.rounds.deleteOrphans(input);
  await settleEarlierClickers(deps, row);
  const { sent, uncertain } = await recipients.totals(row.account, row._id);
  await campaignProgress.close(input, row.round, sent > 0 ? 'sent' : 'failed');
  const closed = (await campaigns.find(row.account, row._id)) ?? row;
  if (closed.state === 'sent' || closed.state === 'failed') {
    await events.append([stateEvent(closed, { subject: closed.subject, emails_sent: sent })]);
    await deps.quotas.settleCampaign(row._id, row.launch, sent + uncertain);
  }
  await deps.engagements.rollUp(closed);
}

/** The pages of a later round are complete: its recipients have left their earlier pages. */
async function endChain({ campaigns, rounds }: ClosingDeps, { account, campaign, launch }: CampaignInput) {
  const row = await campaigns.find(account, campaign);
  if (row?.launch === launch && row.round === 0) await rounds.endChain({ account, campaign, launch, round: 0 });
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
  { account, _id }: Pick<Campaign, 'account' | '_id'>,
  as: typeof EXPIRED | typeof CANCELLED,
): Promise<void> {
  for await (const page of rounds.withDeferred(account, _id)) {
    const waiting = page.exceptions.filter((entry) => entry.kind === 'deferred' && entry.next === null);
    await events.append(
      waiting.map(({ i, reply }) => {
        const subscriber = page.ids[i];
        const about = { account, campaign: _id, ...(subscriber === undefined ? {} : { subscriber }) };
        const data = { class: as.class, reply };
        return { ...about, _id: `${page._id}:${i}:${as.class}`, type: `recipient.${as.kind}`, data };
      }),
    );
  }
  await rounds.expire(account, _id, as);
}
