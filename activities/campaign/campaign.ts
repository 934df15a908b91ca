import { now } from '../../clock.js';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import { refusalOf } from '../../domain/campaign/campaign.js';
import { PAGE_SIZE, type ProtocolTimes } from '../../domain/delivery/protocol.js';
import { nextRound } from '../../domain/delivery/retry.js';
import { Failure } from '../../domain/errors.js';
import type { Campaign, Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Events } from '../../store/events/events.js';
import type { CampaignInput, Control, RateControl, ScheduleControl } from '../../workflows/messages.js';
import { type ApprovalRequest, approvalRequestOf } from './approval.js';

export interface CampaignDeps {
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly recipients: Pick<Recipients, 'totals'>;
  readonly events: Events;
  readonly times: ProtocolTimes;
  /** Lanes a campaign may have, over all workers. */
  readonly maxLanes: number;
}

/** What the workflow knows of its row: states, times and ids, no content. */
export interface CampaignPlan {
  readonly state: CampaignState;
  /** Another one than asked for: this workflow is of yesterday. */
  readonly launch: number;
  readonly v: number;
  readonly round: number;
  /** When the current round may go out, and when the campaign is to be launched; ISO 8601. */
  readonly due: string | null;
  readonly sendAt: string | null;
  /** Asked of the approvers now. */
  readonly approvalRequest: ApprovalRequest | null;
  readonly lanes: number;
  readonly times: Pick<ProtocolTimes, 'startToClose' | 'heartbeat' | 'lease'>;
}

export type Steering =
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
    /** Reads the row and notes that its control writes were heard. */
    loadCampaign: plan,

    /** A control from the Temporal UI or CLI: writes the row if the API has not done so already. */
    steerCampaign: async (input: CampaignInput, steering: Steering): Promise<CampaignPlan> => {
      const row = await load(input);
      if (row?.launch === input.launch && steering.control.v === undefined) await steer(campaigns, row, steering);
      return plan(input);
    },

    /** The time has come: a scheduled campaign is launched. */
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

    /** Why a sending campaign stands still; null once it goes on. */
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

/** States that a person or the clock brought about; how a campaign ended is told when it closes. */
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
  // A lane more than there are pages finds nothing to do.
  const pages = Math.ceil((row?.recipient_count ?? 0) / PAGE_SIZE);
  const lanes = Math.max(1, Math.min(maxLanes, pages));
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

async function steer(campaigns: Campaigns, row: Campaign, steering: Steering): Promise<void> {
  const refusal = refusalOf(steering.action, row.state, row.round >= 0);
  if (refusal !== undefined) throw new Failure(refusal);
  // The loser reads again and decides anew: Temporal repeats the step.
  if ((await write(campaigns, row, steering)) === null) throw new Error('the row was written meanwhile');
}

/** The row as it is afterwards; null if somebody else wrote first. What is so already is not written again. */
async function write(campaigns: Campaigns, row: Campaign, { action, control }: Steering): Promise<Campaign | null> {
  switch (action) {
    case 'pause':
      return row.state === 'paused' ? row : campaigns.pause(row);
    case 'resume':
      return row.state === 'paused' ? campaigns.resume(row) : row;
    case 'cancel':
      if (row.state === 'cancelled') return row;
      return row.state === 'scheduled' || row.state === 'awaiting_approval'
        ? campaigns.withdraw(row)
        : campaigns.cancel(row);
    case 'send':
      return campaigns.launch(row);
    case 'approve':
      return campaigns.approve(row, NO_MEMBER);
    case 'reject':
      return campaigns.reject(row, NO_MEMBER);
    case 'rate':
      return campaigns.changeRate(row, control.per_second ?? null);
    case 'schedule':
      return control.scheduled_at == null
        ? campaigns.withdraw(row)
        : campaigns.schedule(row, new Date(control.scheduled_at));
  }
}

/** An operator at the engine, whom no member stands for. */
const NO_MEMBER = { member: null, comment: null };

function stateEvent(row: Campaign) {
  const about = { account: row.account, campaign: row._id };
  const reason = row.state === 'paused' && row.reason !== null ? { data: { reason: row.reason } } : {};
  return { ...about, _id: `campaign:${row._id}:v${row.want.v}:${row.state}`, type: `campaign.${row.state}`, ...reason };
}
