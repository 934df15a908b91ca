import { condition, setHandler } from '@temporalio/workflow';
import type { OperatorControl } from '../../activities/campaign/campaign.js';
import type { CampaignPlan } from '../../activities/campaign/plan.js';
import { refusalOf, refusalSentence } from '../../domain/campaign/campaign.js';
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
import { oneAtATime, showPhase, timer } from '../run.js';
import { localSteps, quickSteps } from '../steps.js';
import { campaignDetails } from './details.js';

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
  held: null,
  lanes: 1,
  reportsProgress: false,
  times: { startToClose: 0, heartbeat: 0, lease: 0 },
};

/** The row as the latest step read it, and whether it has changed since the last wait. */
function followRow(input: CampaignInput) {
  const details = campaignDetails();
  let plan = NOT_READ_YET;
  let reading = false;
  let updated = false;

  const apply = (latest: CampaignPlan): CampaignView => {
    if (isNewer(latest, plan)) plan = latest;
    showPhase(plan.state, plan.reason);
    details.planned(plan);
    return { state: plan.state, v: plan.v };
  };
  const update = (latest: CampaignPlan): CampaignView => {
    updated = true;
    return apply(latest);
  };
  const load = () => localSteps('reads the row').loadCampaign(input);
  // Ordinary steps, in the order of the updates: one may be repeated until the workflow is further, as an approval until the letter is rendered.
  const queue = oneAtATime();
  const steer = (control: OperatorControl) =>
    queue(async () => update(await quickSteps(`an operator: ${control.action}`).steerCampaign(input, control)));
  const onRowChanged = async () => {
    // A signal that came with the start: the first read follows.
    if (reading) update(await load());
  };
  setHandler(campaignRowChanged, onRowChanged, { description: 'The row has changed: read it' });
  return {
    plan: () => plan,
    apply,
    steer,
    reload: async () => {
      reading = true;
      apply(await load());
    },
    counted: details.counted,
    /** Waits until the row changes, or for `what` after `ms` milliseconds. Returns whether it changed since the last call. */
    updatedWithin: async (ms: number, what: string): Promise<boolean> => {
      const wasUpdated = await condition(() => updated, ms, timer(what, ms));
      updated = false;
      return wasUpdated;
    },
  };
}

/**
 * Receives controls from two sources: the API writes the row and sends `rowChanged`; an operator in the Temporal UI sends
 * an update, and an activity writes the row. The row decides; the plan here is the last version that was read.
 */
export function listenToOperators(input: CampaignInput) {
  const row = followRow(input);
  const refuse = (action: OperatorControl['action'], fault?: string) => {
    const { state, round } = row.plan();
    const refusal = row.plan() === NOT_READ_YET ? undefined : refusalOf(action, state, round >= 0);
    if (refusal !== undefined) throw new Error(`${refusal}: ${refusalSentence(refusal, state)}`);
    if (fault !== undefined) throw new Error(`validation_failed: ${fault}`);
  };

  setHandler(campaignView, () => ({ state: row.plan().state, v: row.plan().v }), {
    description: 'State and version of the row',
  });
  for (const [update, action, description] of CONTROLS) {
    const validator = (_: Control) => refuse(action);
    setHandler(update, (control = {}) => row.steer({ action, control }), { description, validator });
  }
  setHandler(changeCampaignRate, (control) => row.steer({ action: 'rate', control }), {
    description: 'Changes the limit: {"per_second": 50}; null restores the one of its settings',
    validator: (control: RateControl) => refuse('rate', badRate(control)),
  });
  setHandler(scheduleCampaign, (control) => row.steer({ action: 'schedule', control }), {
    description: 'Changes the send time: {"scheduled_at": "2030-01-01T09:00:00Z"}; null makes it a draft again',
    validator: (control: ScheduleControl) => refuse('schedule', badTime(control)),
  });

  const is = (...states: CampaignPlan['state'][]) =>
    row.plan().launch === input.launch && states.includes(row.plan().state);
  return {
    plan: row.plan,
    reload: row.reload,
    updatedWithin: row.updatedWithin,
    counted: row.counted,
    /** Takes over the row as a step left it; returns the step's result. */
    apply: <T extends { readonly plan: CampaignPlan }>(step: T): T => {
      row.apply(step.plan);
      return step;
    },
    awaitingApproval: () => is('awaiting_approval'),
    /** The request of a campaign that awaits approval. */
    approvalRequest: () =>
      row.plan().approvalRequest ?? { remindAt: null, until: new Date(Date.now() + DEFAULT_WAIT).toISOString() },
    scheduled: () => is('scheduled'),
    sending: () => is('freezing', 'sending'),
    paused: () => is('paused'),
    /** Neither waiting nor sending nor paused: this launch needs no more work. */
    finished: () => !is('awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'),
  };
}

/** Several steps may read the row at once. */
function isNewer(latest: CampaignPlan, known: CampaignPlan): boolean {
  return latest.v > known.v || (latest.v === known.v && latest.round >= known.round);
}

const DEFAULT_WAIT = 3_600_000;

const CONTROLS = [
  [pauseCampaign, 'pause', 'Pauses the send within about a second; claimed mails are settled. Input: {}'],
  [resumeCampaign, 'resume', 'Continues a paused campaign. Input: {}'],
  [cancelCampaign, 'cancel', 'Cancels it: a draft again where nothing was sent, final otherwise. Input: {}'],
  [sendCampaignNow, 'send', 'Sends a scheduled campaign now. Input: {}'],
  [approveCampaign, 'approve', 'Approves the letter on behalf of the approvers. Input: {}'],
  [rejectCampaign, 'reject', 'Rejects the letter on behalf of the approvers. Input: {}'],
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
