import type { CampaignPlan } from '../../activities/campaign/plan.js';
import type { IssueView } from '../../activities/newsletter/issue.js';
import { newApproval, remindAt, requestApproval } from '../../domain/campaign/approval.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { CampaignInput } from '../../workflows/messages/campaign.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import { sending, stepTime, type Timeline } from './environment.js';

/** The campaign as a rehearsal sees it. */
export interface CampaignFacts {
  readonly people: number;
  readonly perSecond: number | null;
  /** Names of the approvers; null: the campaign needs no approval. */
  readonly approvers: readonly string[] | null;
  readonly approvalHours: number;
  /** Milliseconds; null: at once. */
  readonly sendAt: number | null;
  /** The answer that the rehearsal assumes. */
  readonly answer: 'yes' | 'none';
}

export interface CampaignRehearsal {
  readonly facts: CampaignFacts;
  /** Makes the workflow read its row again. */
  readonly notify: (campaign: number) => Promise<unknown>;
  readonly timeline: Timeline;
  /** Stops the skipping of time. */
  readonly stopTime: () => Promise<void>;
}

interface RehearsedCampaign {
  state: CampaignPlan['state'];
  round: number;
  approvalRequest: CampaignPlan['approvalRequest'];
  v: number;
}

const FROZEN = { state: 'sending', round: 0 } as const;
const TIMES = { startToClose: 60_000, heartbeat: 60_000, lease: 60_000 };
const FIXED = { due: null, held: null, lanes: 1, reportsProgress: false, times: TIMES } as const;

/** The steps of a campaign's workflow in a rehearsal. They change states in memory and do not read, write or send. */
export function campaignSteps(rehearsalOf: (campaign: number) => CampaignRehearsal) {
  const campaigns = new Map<number, RehearsedCampaign>();
  const now = ({ campaign }: CampaignInput): RehearsedCampaign => {
    const known = campaigns.get(campaign);
    if (known !== undefined) return known;
    const begun = initialState(rehearsalOf(campaign).facts);
    campaigns.set(campaign, begun);
    return begun;
  };
  const move = (input: CampaignInput, to: Partial<RehearsedCampaign>) => {
    const before = now(input);
    Object.assign(before, to, { v: before.v + 1 });
  };
  const record = ({ campaign }: CampaignInput, what: string) => rehearsalOf(campaign).timeline.add(stepTime(), what);
  const plan = async (input: CampaignInput): Promise<CampaignPlan> => {
    const { sendAt } = rehearsalOf(input.campaign).facts;
    const time = sendAt === null ? null : new Date(sendAt).toISOString();
    return { ...now(input), ...FIXED, launch: input.launch, sendAt: time };
  };
  const moved = (input: CampaignInput, to: Partial<RehearsedCampaign>) => {
    move(input, to);
    return plan(input);
  };
  return {
    loadCampaign: plan,
    ...approvalSteps(rehearsalOf, { now, move, record }),
    beginCampaign: (input: CampaignInput) => moved(input, { state: 'freezing' }),
    renderContent: async (input: CampaignInput) => ({ result: 'rendered' as const, plan: await plan(input) }),
    beginRound: async (input: CampaignInput) => ({ result: 'frozen' as const, plan: await moved(input, FROZEN) }),
    describeProgress: async () => 'a rehearsal',
    sendPages: async (input: CampaignInput) => {
      const { people, perSecond } = rehearsalOf(input.campaign).facts;
      record(input, `sends ${sending(people, perSecond)}`);
      return 'finished' as const;
    },
    endRound: async (input: CampaignInput) => {
      await rehearsalOf(input.campaign).stopTime();
      return { plan: await moved(input, { state: 'sent' }), figures: 'a rehearsal' };
    },
    settleCancelled: async () => 0,
  };
}

interface Moves {
  now(input: CampaignInput): RehearsedCampaign;
  move(input: CampaignInput, to: Partial<RehearsedCampaign>): void;
  record(input: CampaignInput, what: string): void;
}

function approvalSteps(rehearsalOf: (campaign: number) => CampaignRehearsal, { now, move, record }: Moves) {
  return {
    requestApproval: async (input: CampaignInput, reminder: boolean) => {
      const { facts, notify } = rehearsalOf(input.campaign);
      const { state, approvalRequest: question } = now(input);
      // A repeated call keeps the request, as in the real step.
      if (state !== 'awaiting_approval' || (question !== null && !reminder)) return;
      const names = (facts.approvers ?? []).join(', ');
      record(input, reminder ? `reminds ${names}` : `waits for ${names}, ${facts.approvalHours} h at most`);
      if (reminder) return;
      move(input, { approvalRequest: questionFor(facts) });
      if (facts.answer === 'yes') {
        const isEarly = facts.sendAt !== null && facts.sendAt > stepTime();
        move(input, { state: isEarly ? 'scheduled' : 'freezing' });
        record(input, 'the rehearsal approves');
      }
      await notify(input.campaign);
    },
    expireApproval: async (input: CampaignInput) => {
      move(input, { state: 'draft' });
      record(input, 'the approval has expired');
      await rehearsalOf(input.campaign).stopTime();
    },
  };
}

function questionFor({ approvalHours }: CampaignFacts): CampaignPlan['approvalRequest'] {
  const { requested } = requestApproval(newApproval(approvalHours), new Date(stepTime()));
  return requested && { remindAt: remindAt(requested)?.toISOString() ?? null, until: requested.until.toISOString() };
}

function initialState({ approvers, sendAt }: CampaignFacts): RehearsedCampaign {
  const waits = sendAt === null ? 'freezing' : 'scheduled';
  return { state: approvers === null ? waits : 'awaiting_approval', round: -1, approvalRequest: null, v: 0 };
}

/** The present audience, as the pre-send checks of a newsletter see it. */
export interface CurrentAudience {
  readonly people: number;
  /** Names of the approvers. */
  readonly approvers: readonly string[];
}

interface IssueRehearsal {
  readonly newsletter: Newsletter;
  readonly audience: CurrentAudience;
  readonly timeline: Timeline;
  /** Records the sending time of the issue's campaign. */
  readonly launched: (sendAt: number) => void;
  /** Stops the skipping of time. */
  readonly stopTime: () => Promise<void>;
}

/** The steps of an issue's workflow in a rehearsal. They assume that the source has content and do not fetch it. */
export function issueSteps({ newsletter, audience, timeline, launched, stopTime }: IssueRehearsal) {
  let lastSent = Number.NEGATIVE_INFINITY;
  const view = (state: IssueView['state'], sendAt: number, more: Partial<IssueView> = {}): IssueView => {
    const open = state === 'preparing' || state === 'launched';
    const basis = { ready: false, due: null, draft: null, trouble: 'source_failed' as const };
    return { state, open, sendAt: new Date(sendAt).toISOString(), ...basis, ...more };
  };
  const sendAtOf = ({ scheduledAt }: IssueRef) => Date.parse(scheduledAt) + newsletter.lead_seconds * 1_000;
  return {
    openIssue: async (ref: IssueRef) => {
      timeline.add(stepTime(), `issue of ${newsletter.name} begins`);
      return view('preparing', sendAtOf(ref));
    },
    prepareIssue: async (ref: IssueRef) => {
      timeline.add(stepTime(), `  ${SOURCES[newsletter.source.kind]}`);
      return view('preparing', sendAtOf(ref), { ready: true });
    },
    launchIssue: async (ref: IssueRef) => {
      const sendAt = sendAtOf(ref);
      const stopped = skipReason(newsletter, audience, sendAt - lastSent);
      if (stopped !== null) {
        timeline.add(stepTime(), `  skipped: ${stopped}`);
        await stopTime();
        return view('skipped', sendAt);
      }
      lastSent = sendAt;
      for (const email of newsletter.test_to) timeline.add(stepTime(), `  ${email} gets it first`);
      launched(sendAt);
      return view('launched', sendAt);
    },
    watchIssue: async (ref: IssueRef) => {
      await stopTime();
      return view('sent', sendAtOf(ref));
    },
    skipIssue: async (ref: IssueRef) => view('skipped', sendAtOf(ref)),
  };
}

const SOURCES = {
  ai: 'requests a draft from the model',
  feed: 'reads new items from the feed',
  json: 'fetches its JSON',
  data: 'takes the pushed data',
} as const;

function skipReason(
  { max_recipients, min_gap_minutes, approval_hours }: Newsletter,
  { people, approvers }: CurrentAudience,
  since: number,
): string | null {
  if (people === 0) return 'no_recipients';
  if (max_recipients !== null && people > max_recipients) return 'too_many_recipients';
  if (approval_hours !== null && approvers.length === 0) return 'no_approvers';
  return min_gap_minutes !== null && since < min_gap_minutes * 60_000 ? 'too_soon' : null;
}
