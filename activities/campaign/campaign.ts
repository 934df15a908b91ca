import { now } from '../../clock.js';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import { lanesOf, type ProtocolTimes } from '../../domain/delivery/protocol.js';
import { nextRound } from '../../domain/delivery/retry.js';
import { type Steering, type SteeringStores, stateEvent, steerCampaign } from '../../services/steer-campaign.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Events } from '../../store/events/events.js';
import type { CampaignInput, Control, RateControl, ScheduleControl } from '../../workflows/messages/campaign.js';
import { type ApprovalRequest, approvalRequestOf } from './approval.js';

export interface CampaignDeps extends SteeringStores {
  readonly campaignProgress: CampaignProgress;
  readonly recipients: Recipients;
  readonly events: Events;
  readonly times: ProtocolTimes;
  /** Lanes a campaign may have, over all workers. */
  readonly maxLanes: number;
}

/** The part of the row that the workflow reads: states, times and ids, no content. */
export interface CampaignPlan {
  readonly state: CampaignState;
  /** A number other than the workflow's own means that the workflow belongs to an earlier launch. */
  readonly launch: number;
  readonly v: number;
  readonly round: number;
  /** When the current round may go out, and when the campaign is to be launched; ISO 8601. */
  readonly due: string | null;
  readonly sendAt: string | null;
  /** The open request for approval. */
  readonly approvalRequest: ApprovalRequest | null;
  readonly lanes: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat' | 'lease'>;
}

/** A control with its name, as Temporal updates carry it. */
export type OperatorControl =
  | { readonly action: 'pause' | 'resume' | 'cancel' | 'send' | 'approve' | 'reject'; readonly control: Control }
  | { readonly action: 'rate'; readonly control: RateControl }
  | { readonly action: 'schedule'; readonly control: ScheduleControl };

/** The quick steps of a campaign: each is a no-op where the row says it is done. */
export function campaignActivities(deps: CampaignDeps) {
  const { campaigns, campaignProgress, events } = deps;
  const load = (input: CampaignInput) => campaigns.find(input.account, input.campaign);
  const plan = async (input: CampaignInput): Promise<CampaignPlan> => {
    const row = await load(input);
    if (row?.launch === input.launch) {
      if (STEERED_STATES.has(row.state)) await events.append([stateEvent(row)]);
      await campaignProgress.recordApplied(input, row.want.v);
    }
    return planOf(deps, row);
  };

  return {
    /** Reads the row and records its control writes as applied. */
    loadCampaign: plan,

    /** A control from the Temporal UI or CLI: writes the row if the API has not done so already. */
    steerCampaign: async (input: CampaignInput, control: OperatorControl): Promise<CampaignPlan> => {
      const row = await load(input);
      if (row?.launch === input.launch && control.control.v === undefined) await steer(deps, input, control);
      return plan(input);
    },

    /** Launches a scheduled campaign at its time. */
    beginCampaign: async (input: CampaignInput): Promise<void> => {
      await campaignProgress.beginFreeze(input);
    },

    /** Opens the round after `round` while deferred recipients are left and time remains; false: nothing left to try. */
    openNextRound: async (input: CampaignInput, round: number): Promise<boolean> => {
      const row = await load(input);
      if (row?.launch !== input.launch || (row.state !== 'sending' && row.state !== 'paused')) return false;
      if (row.round > round) return true;
      const next = await roundAfter(deps, row);
      return next !== undefined && (await campaignProgress.openRound(input, round + 1, next));
    },

    /** Records why a sending campaign makes no progress; null once it goes on. */
    recordTrouble: async (input: CampaignInput, reason: string | null): Promise<void> => {
      await campaignProgress.recordReason(input, reason);
    },

    /** One line of figures for the Temporal UI. */
    describeProgress: async ({ account, campaign }: CampaignInput): Promise<string> => {
      const { recipients, sent, ...others } = await deps.recipients.totals(account, campaign);
      const rest = ['failed', 'uncertain', 'skipped', 'deferred', 'pending'] as const;
      return `**${sent}** of ${recipients} sent${rest.map((kind) => ` · ${others[kind]} ${kind}`).join('')}`;
    },
  };
}

/** States set by an operator or by time. `closeCampaign` publishes how a campaign ended. */
const STEERED_STATES: ReadonlySet<CampaignState> = new Set([
  'awaiting_approval',
  'scheduled',
  'freezing',
  'sending',
  'paused',
  'cancelled',
  'draft',
]);

function planOf({ maxLanes, times }: CampaignDeps, row: Campaign | null): CampaignPlan {
  const { startToClose, heartbeat, lease } = times;
  const lanes = lanesOf(row?.recipient_count ?? 0, maxLanes);
  const fixed = { lanes, times: { startToClose, heartbeat, lease }, approvalRequest: row && approvalRequestOf(row) };
  if (row === null) return { ...fixed, state: 'draft', launch: 0, v: 0, round: -1, due: null, sendAt: null };
  return {
    ...fixed,
    state: row.state,
    launch: row.launch,
    v: row.want.v,
    round: row.round,
    due: row.rounds[row.round]?.due.toISOString() ?? null,
    sendAt: row.scheduled_at?.toISOString() ?? null,
  };
}

async function roundAfter(deps: CampaignDeps, row: Campaign) {
  const { deferred, uncertain } = await deps.recipients.totals(row.account, row._id);
  const hours = row.settings.ttl_hours;
  const expires = new Date((row.launched_at ?? row.created_at).getTime() + hours * 3_600_000);
  const mayResend =
    row.settings.on_uncertain === 'resend' && !row.rounds.some(({ takes }) => takes.includes('uncertain'));
  const need = { deferred, uncertain, mayResend, round: row.round + 1, now: now(), expires };
  const { resendAfter, firstRetry } = deps.times;
  return nextRound({ ...need, resendAfter, firstRetry }, Math.random());
}

/** Writes the row for an operator, as the API would. */
async function steer(
  deps: CampaignDeps,
  { account, campaign, launch }: CampaignInput,
  control: OperatorControl,
): Promise<void> {
  const read = async (): Promise<Campaign> => {
    const row = await deps.campaigns.find(account, campaign);
    if (row?.launch !== launch) throw new Error(`launch ${launch} of campaign ${campaign} is over`);
    return row;
  };
  await steerCampaign(deps, { read }, steeringOf(control));
}

function steeringOf({ action, control }: OperatorControl): Steering {
  if (action === 'rate') return { action, perSecond: control.per_second ?? null };
  if (action === 'schedule')
    return { action, at: control.scheduled_at == null ? null : new Date(control.scheduled_at) };
  return action === 'approve' || action === 'reject' ? { action, review: BY_OPERATOR } : { action };
}

/** An operator who answers for the approvers is no member. */
const BY_OPERATOR = { member: null, comment: null };
