import type { CampaignState } from '../../domain/campaign/campaign.js';
import { lanesOf, type ProtocolTimes } from '../../domain/delivery/protocol.js';
import { stateEvent } from '../../services/steer-campaign.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Events } from '../../store/events/events.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';
import { type ApprovalRequest, approvalRequestOf } from './approval.js';
import { figuresOf } from './figures.js';

export interface PlanDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly campaignProgress: Pick<CampaignProgress, 'recordApplied'>;
  readonly events: Pick<Events, 'append'>;
  readonly recipients: Pick<Recipients, 'totals'>;
  readonly times: ProtocolTimes;
  /** Lanes a campaign may have, over all workers. */
  readonly maxLanes: number;
}

/** The part of the row that the workflow reads: states, times and ids, no content. */
export interface CampaignPlan {
  readonly state: CampaignState;
  /** Why it is paused or makes no progress; absent in histories of earlier versions, like `rate`. */
  readonly reason?: string | null;
  /** Its own limit, in mails a second; null: none. */
  readonly rate?: number | null;
  /** The recipients by result in Markdown, where there is a reason: no other step may count them for a long time. */
  readonly figures?: string;
  /** A number other than the workflow's own means that the workflow belongs to an earlier launch. */
  readonly launch: number;
  readonly v: number;
  readonly round: number;
  /** When a round after the first may go out; ISO 8601. The first goes out at once. */
  readonly due: string | null;
  /** When the campaign is to be launched; ISO 8601. */
  readonly sendAt: string | null;
  /** The open request for approval. */
  readonly approvalRequest: ApprovalRequest | null;
  /** Why it is paused or makes no progress; times in ISO 8601. */
  readonly held: HeldPlan | null;
  readonly lanes: number;
  /** Whether the send takes long enough for reports of its progress. */
  readonly reportsProgress: boolean;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat' | 'lease'>;
}

export interface HeldPlan {
  readonly reason: string;
  readonly since: string;
  readonly next_try: string | null;
}

/** Reads the row as the workflow needs it after each step, publishes its state and records its control writes as applied. */
export type CampaignPlanner = (input: CampaignInput) => Promise<CampaignPlan>;

export function campaignPlanner(deps: PlanDeps): CampaignPlanner {
  const { campaigns, campaignProgress, events, recipients } = deps;
  return async (input) => {
    const row = await campaigns.find(input.account, input.campaign);
    if (row?.launch === input.launch) {
      await Promise.all([
        STEERED_STATES.has(row.state) && events.append([stateEvent(row)]),
        row.applied_v < row.want.v && campaignProgress.recordApplied(input, row.want.v),
      ]);
    }
    const plan = planOf(deps, row);
    if (row === null || row.reason === null || row.round < 0) return plan;
    return { ...plan, figures: figuresOf(await recipients.totals(row.account, row._id)) };
  };
}

/** States set by an operator or by time. `endRound` publishes how a campaign ended. */
const STEERED_STATES: ReadonlySet<CampaignState> = new Set([
  'awaiting_approval',
  'scheduled',
  'freezing',
  'sending',
  'paused',
  'cancelled',
  'draft',
]);

function planOf({ maxLanes, times }: PlanDeps, row: Campaign | null): CampaignPlan {
  const { startToClose, heartbeat, lease } = times;
  const lanes = lanesOf(row?.recipient_count ?? 0, maxLanes);
  const fixed = {
    lanes,
    times: { startToClose, heartbeat, lease },
    approvalRequest: row && approvalRequestOf(row),
    held: row && heldOf(row),
  };
  if (row === null) {
    return { ...fixed, reportsProgress: false, state: 'draft', launch: 0, v: 0, round: -1, due: null, sendAt: null };
  }
  const rate = row.want.rate ?? row.settings.rate_per_second;
  return {
    ...fixed,
    reportsProgress: lanes > 1 || rate !== null,
    state: row.state,
    reason: row.reason,
    rate,
    launch: row.launch,
    v: row.want.v,
    round: row.round,
    due: (row.round > 0 && row.rounds[row.round]?.due.toISOString()) || null,
    sendAt: row.scheduled_at?.toISOString() ?? null,
  };
}

/** Null where it moves, or has ended. */
export function heldOf({ state, reason, held }: Campaign): HeldPlan | null {
  if (held == null || (state !== 'paused' && state !== 'sending')) return null;
  const { since, next_try } = held;
  return { reason: reason ?? 'paused', since: since.toISOString(), next_try: next_try?.toISOString() ?? null };
}
