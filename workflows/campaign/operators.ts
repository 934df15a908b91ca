import { condition, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { CampaignPlan, OperatorControl } from '../../activities/campaign/campaign.js';
import { refusalOf } from '../../domain/campaign/campaign.js';
import { FAILURES } from '../../domain/errors.js';
import {
  approveCampaign,
  type CampaignInput,
  type CampaignView,
  type Control,
  campaignRowChanged,
  campaignView,
  cancelCampaign,
  changeCampaignRate,
  pauseCampaign,
  type RateControl,
  rejectCampaign,
  resumeCampaign,
  type ScheduleControl,
  scheduleCampaign,
  sendCampaignNow,
} from '../messages/campaign.js';
import { PHASE } from '../names.js';
import { quickSteps } from '../steps.js';

export type Operators = ReturnType<typeof listenToOperators>;

/** Updates may arrive with the first workflow task, before the row is read: then the activity that writes the row validates them. */
const NOT_READ_YET: CampaignPlan = {
  state: 'scheduled',
  launch: 0,
  v: -1,
  round: -1,
  due: null,
  sendAt: null,
  approvalRequest: null,
  lanes: 1,
  times: { startToClose: 0, heartbeat: 0, lease: 0 },
};

/**
 * Receives controls from two sources: the API writes the row and sends `rowChanged`; an operator in the Temporal UI sends
 * an update, and an activity writes the row. The row decides; the plan here is the last version that was read.
 */
export function listenToOperators(input: CampaignInput) {
  const quick = quickSteps();
  let plan = NOT_READ_YET;
  let updated = false;

  const applyPlan = (latest: CampaignPlan): CampaignView => {
    if (latest.launch > plan.launch || latest.v >= plan.v) plan = latest;
    upsertSearchAttributes([{ key: PHASE, value: plan.state }]);
    return { state: plan.state, v: plan.v };
  };
  const refuse = (action: OperatorControl['action'], fault?: string) => {
    const refusal = plan === NOT_READ_YET ? undefined : refusalOf(action, plan.state, plan.round >= 0);
    if (refusal !== undefined) throw new Error(`${refusal}: ${FAILURES[refusal].message}`);
    if (fault !== undefined) throw new Error(`validation_failed: ${fault}`);
  };
  const applyUpdate = (latest: CampaignPlan): CampaignView => {
    updated = true;
    return applyPlan(latest);
  };
  const steer = async (control: OperatorControl) => applyUpdate(await quick.steerCampaign(input, control));

  setHandler(campaignRowChanged, async () => void applyUpdate(await quick.loadCampaign(input)), {
    description: 'The row has changed: read it',
  });
  setHandler(campaignView, () => ({ state: plan.state, v: plan.v }), { description: 'State and version of the row' });
  for (const [update, action] of CONTROLS) {
    setHandler(update, (control = {}) => steer({ action, control }), { validator: (_: Control) => refuse(action) });
  }
  setHandler(changeCampaignRate, (control) => steer({ action: 'rate', control }), {
    validator: (control: RateControl) => refuse('rate', badRate(control)),
  });
  setHandler(scheduleCampaign, (control) => steer({ action: 'schedule', control }), {
    validator: (control: ScheduleControl) => refuse('schedule', badTime(control)),
  });

  const is = (...states: CampaignPlan['state'][]) => plan.launch === input.launch && states.includes(plan.state);
  return {
    plan: () => plan,
    reload: async () => applyPlan(await quick.loadCampaign(input)),
    awaitingApproval: () => is('awaiting_approval'),
    /** The request of a campaign that awaits approval. */
    approvalRequest: () =>
      plan.approvalRequest ?? { remindAt: null, until: new Date(Date.now() + DEFAULT_WAIT).toISOString() },
    scheduled: () => is('scheduled'),
    sending: () => is('freezing', 'sending'),
    paused: () => is('paused'),
    /** Neither waiting nor sending nor paused: this launch needs no more work. */
    finished: () => !is('awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'),
    /** Waits until the row changes, `ms` milliseconds at most. Returns whether it changed since the last call. */
    updatedWithin: async (ms: number): Promise<boolean> => {
      const wasUpdated = await condition(() => updated, ms);
      updated = false;
      return wasUpdated;
    },
  };
}

const DEFAULT_WAIT = 3_600_000;

const CONTROLS = [
  [pauseCampaign, 'pause'],
  [resumeCampaign, 'resume'],
  [cancelCampaign, 'cancel'],
  [sendCampaignNow, 'send'],
  [approveCampaign, 'approve'],
  [rejectCampaign, 'reject'],
] as const;

function badRate({ v, per_second }: RateControl): string | undefined {
  const isGiven = per_second !== undefined || v !== undefined;
  if (isGiven && (per_second == null || (Number.isFinite(per_second) && per_second > 0))) return undefined;
  return 'per_second is a number above 0, or null';
}

function badTime({ v, scheduled_at }: ScheduleControl): string | undefined {
  const isGiven = scheduled_at !== undefined || v !== undefined;
  if (isGiven && (scheduled_at == null || Date.parse(scheduled_at) > Date.now())) return undefined;
  return 'scheduled_at is an ISO 8601 time to come, or null';
}
