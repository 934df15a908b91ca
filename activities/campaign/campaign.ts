import { type Steering, type SteeringStores, steerCampaign } from '../../services/steer-campaign.js';
import type { Campaigns } from '../../store/campaigns/campaigns.js';
import type { CampaignProgress } from '../../store/campaigns/progress.js';
import type { Recipients } from '../../store/campaigns/recipients.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { CampaignInput, Control, RateControl, ScheduleControl } from '../../workflows/messages/campaign.js';
import { figuresOf } from './figures.js';
import { type CampaignPlan, campaignPlanner, type PlanDeps } from './plan.js';

export interface CampaignDeps extends SteeringStores, PlanDeps {
  readonly campaigns: Campaigns;
  readonly campaignProgress: CampaignProgress;
  readonly recipients: Recipients;
}

/** A control with its name, as Temporal updates carry it. */
export type OperatorControl =
  | { readonly action: 'pause' | 'resume' | 'cancel' | 'send' | 'approve' | 'reject'; readonly control: Control }
  | { readonly action: 'rate'; readonly control: RateControl }
  | { readonly action: 'schedule'; readonly control: ScheduleControl };

/** The quick steps of a campaign: each is a no-op where the row says it is done. */
export function campaignActivities(deps: CampaignDeps) {
  const { campaigns, campaignProgress } = deps;
  const plan = campaignPlanner(deps);
  return {
    /** Reads the row and records its control writes as applied. */
    loadCampaign: plan,

    /** A control from the Temporal UI or CLI: writes the row if the API has not done so already. */
    steerCampaign: async (input: CampaignInput, control: OperatorControl): Promise<CampaignPlan> => {
      const row = await campaigns.find(input.account, input.campaign);
      if (row?.launch === input.launch && control.control.v === undefined) await steer(deps, input, control);
      return plan(input);
    },

    /** Launches a scheduled campaign at its time. */
    beginCampaign: async (input: CampaignInput): Promise<CampaignPlan> => {
      await campaignProgress.beginFreeze(input);
      return plan(input);
    },

    /** Figures for the Temporal UI. */
    describeProgress: async ({ account, campaign }: CampaignInput): Promise<string> =>
      figuresOf(await deps.recipients.totals(account, campaign)),
  };
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
