import type { Collection, UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import { type ApprovalResponse, needsApproval, requestApproval, withResponse } from '../../domain/campaign/approval.js';
import type { ReputationBaseline } from '../../domain/campaign/reputation.js';
import type { Held } from '../../domain/waiting/campaign-waiting.js';
import type {
  Campaign,
  CampaignChange,
  CampaignContent,
  CampaignRound,
  Drafting,
  PauseRecord,
  RenderedLetter,
  Seen,
  Want,
} from './row.js';

/** Controls of a campaign: each increments `want.v` and makes the row due for the sweep, which notifies the workflow. */
export function controls(rows: Collection<Campaign>) {
  const control = (seen: Seen, change: Partial<Campaign>) => controlWrite(rows, seen, change);
  return {
    /**
     * Launches now and pins the content. The caller first removes the pages of a launch that was cancelled unsent. `letter`:
     * as it was rendered for this launch; without one the workflow renders it. A letter under approval stays.
     */
    launch: (seen: Seen, origin?: string, letter?: RenderedLetter): Promise<Campaign | null> => {
      const fields = launchFields(seen, null);
      const rendered = fields.rendered == null ? letter : undefined;
      return control(seen, { ...fields, ...rendered, ...(origin !== undefined && { launch_origin: origin }) });
    },

    /** Launches at a time to come. */
    schedule: (seen: Seen, at: Date, origin?: string): Promise<Campaign | null> =>
      control(seen, { ...launchFields(seen, at), ...(origin !== undefined && { launch_origin: origin }) }),

    /** Back to a draft: unscheduled, or cancelled before its time. */
    withdraw: (seen: Seen): Promise<Campaign | null> =>
      control(seen, { state: 'draft', scheduled_at: null, reason: null, ...withoutApprovalRequest(seen) }),

    pause: (
      seen: Seen,
      reason: string | null = null,
      { detail, ...recorded }: PauseRecord = {},
    ): Promise<Campaign | null> =>
      control(seen, { state: 'paused', reason, ...recorded, held: heldSince(now(), detail) }),

    /** Updates the counts that a resume excuses. Atomic: one update, none once the campaign is resumed. */
    excuse: async (
      { _id, account }: Seen,
      { accepted, hard, complaints, unrendered }: ReputationBaseline,
    ): Promise<void> => {
      const excused = { accepted, hard, complaints, unrendered };
      await rows.updateOne({ _id, account, state: 'paused' }, { $set: { excused } });
    },

    /** Resumes the campaign where it was paused: waiting for its time, freezing or sending. */
    resume: (seen: Seen & Pick<Campaign, 'round' | 'scheduled_at' | 'launched_at'>): Promise<Campaign | null> =>
      control(seen, { ...(seen.round >= 0 ? { state: 'sending' } : beforeFreeze(seen)), reason: null, held: null }),

    cancel: (seen: Seen): Promise<Campaign | null> =>
      control(seen, { state: 'cancelled', reason: 'cancelled', held: null }),

    /** Sets the limit of mails per second; null removes it, and the campaign's own setting applies again. */
    changeRate: async (seen: Seen, rate: number | null): Promise<Campaign | null> => {
      const at = now();
      return writeAsSeen(rows, seen, { want: { v: seen.want.v + 1, rate, at }, sweep_at: at });
    },

    /** An operator's retry: opens one further round of a closed campaign. A repeated request opens no second one. */
    reopen: (seen: Seen & Pick<Campaign, 'round' | 'rounds'>, round: CampaignRound): Promise<Campaign | null> =>
      control(seen, {
        state: 'sending',
        reason: null,
        held: null,
        round: seen.round + 1,
        rounds: [...seen.rounds, round],
        closed_at: null,
      }),
  };
}

/** The pause of a campaign; it goes on only after a request. */
export function heldSince(at: Date, detail: string | null = null): Held {
  return { since: at, at, next_try: null, detail };
}

function withoutApprovalRequest({ approval }: Seen): Partial<Campaign> {
  return approval == null ? {} : { approval: { ...approval, requested: null } };
}

function beforeFreeze(seen: Seen & Pick<Campaign, 'scheduled_at' | 'launched_at'>): Partial<Campaign> {
  const { scheduled_at, launched_at, approval } = seen;
  // A resume after the workflow was ended, or after the content was corrected, is no approval.
  if (approval != null && needsApproval(seen)) {
    return { state: 'awaiting_approval', approval: requestApproval(approval, now()) };
  }
  return { state: scheduled_at !== null && launched_at === null ? 'scheduled' : 'freezing' };
}

/** The fields of a launched row. Without a time the launch is immediate; where approval is needed, it follows the approval. */
function launchFields(
  seen: Pick<Campaign, 'launch' | 'revision' | 'state' | 'approval' | 'rendered'>,
  at: Date | null,
): Partial<Campaign> {
  // A waiting launch that is rescheduled or sent now stays the same launch.
  const isSame = seen.state === 'scheduled' || seen.state === 'awaiting_approval';
  const launch = isSame ? seen.launch : seen.launch + 1;
  const { approval } = seen;
  const needsAnswer = needsApproval({ ...seen, launch });
  const isOpen = seen.state === 'awaiting_approval' && approval?.requested != null;
  return {
    ...(needsAnswer && approval != null && !isOpen && { approval: requestApproval(approval, now()) }),
    state: needsAnswer ? 'awaiting_approval' : at === null ? 'freezing' : 'scheduled',
    scheduled_at: at,
    reason: null,
    held: null,
    launch,
    pinned: seen.revision,
    // The letter under approval stays the letter of this launch.
    rendered: isSame ? (seen.rendered ?? null) : null,
    ...(!isSame && { findings: null }),
    excused: null,
    round: -1,
    rounds: [],
    up_to: null,
    closed_at: null,
    launched_at: at === null && !needsAnswer ? now() : null,
  };
}

/** The fields of a control write: the next version of the desired state. */
function controlWrite(rows: Collection<Campaign>, seen: Seen, change: Partial<Campaign>): Promise<Campaign | null> {
  const at = now();
  const want: Want = { v: seen.want.v + 1, rate: change.want?.rate ?? seen.want.rate, at };
  return writeAsSeen(rows, seen, { ...change, want, sweep_at: at });
}

/** Updates the row if it is as it was read; null after a concurrent write. */
export function writeAsSeen(
  rows: Collection<Campaign>,
  seen: Seen,
  change: Partial<Campaign>,
): Promise<Campaign | null> {
  const update: UpdateFilter<Campaign> = { $set: { ...change, updated_at: now() } };
  return rows.findOneAndUpdate(
    { _id: seen._id, account: seen.account, state: seen.state, 'want.v': seen.want.v, revision: seen.revision },
    update,
    { returnDocument: 'after' },
  );
}

/** The author of an answer, and their comment. */
export type Review = Pick<ApprovalResponse, 'member' | 'comment'>;
type AwaitingApproval = Seen & Pick<Campaign, 'launch' | 'scheduled_at'>;

/** Answers to a campaign that awaits approval. Each is a compare-and-set on the request: the first answer counts. */
export function approving(rows: Collection<Campaign>) {
  const record = (
    seen: AwaitingApproval,
    decision: ApprovalResponse['decision'],
    review: Review,
    then: Partial<Campaign>,
  ) => {
    const { launch, revision, rendered: letter = null } = seen;
    const answer: ApprovalResponse = { ...review, decision, launch, revision, letter, at: now() };
    return controlWrite(rows, seen, { ...then, approval: withResponse(seen.approval, answer) });
  };
  const backToDraft = (reason: string) => ({ state: 'draft' as const, scheduled_at: null, reason });

  return {
    /** Sends the campaign, or schedules it where its time is in the future. A letter that is not rendered cannot be approved: null. */
    approve: async (seen: AwaitingApproval, review: Review): Promise<Campaign | null> => {
      if (seen.rendered == null) return null;
      const waits = seen.scheduled_at !== null && seen.scheduled_at > now();
      const then = waits
        ? { state: 'scheduled' as const, reason: null }
        : { state: 'freezing' as const, reason: null, launched_at: now() };
      return record(seen, 'approved', review, then);
    },

    /** Back to a draft, with the comment. */
    reject: (seen: AwaitingApproval, review: Review): Promise<Campaign | null> =>
      record(seen, 'rejected', review, backToDraft('rejected')),

    /** The deadline passed without an answer. */
    expire: (seen: AwaitingApproval): Promise<Campaign | null> =>
      record(seen, 'expired', { member: null, comment: null }, backToDraft('approval_expired')),
  };
}

/**
 * The effect of a change on an open request or a given approval. A change of the content requests approval again, and a
 * scheduled campaign waits for it. A change that removes the approval setting withdraws the request.
 */
export function reopenApproval(seen: Seen, change: CampaignChange, isRevised: boolean): Partial<Campaign> {
  const isWaiting = seen.state === 'awaiting_approval';
  if (!isWaiting && seen.state !== 'scheduled') return {};
  if (change.approval === null) return isWaiting ? { state: 'draft', scheduled_at: null } : { rendered: null };
  const approval = change.approval ?? seen.approval;
  if (approval == null) return {};
  const isAnswered = !isRevised && (isWaiting || !needsApproval({ ...seen, approval }));
  return isAnswered ? {} : { state: 'awaiting_approval', approval: requestApproval(approval, now()) };
}

type DraftedContent = Pick<CampaignContent, 'name' | 'subject' | 'preheader' | 'html'>;

/** The steps into and out of `drafting`. Each is a compare-and-set, as every control. */
export function drafting(rows: Collection<Campaign>) {
  return {
    /** A draft that came to nothing is asked for again. */
    restartDrafting: (seen: Seen, request: Drafting): Promise<Campaign | null> =>
      writeAsSeen(rows, seen, {
        state: 'drafting',
        reason: null,
        drafting: request,
        want: { ...seen.want, v: seen.want.v + 1 },
      }),

    /** Stores the finished text: the campaign becomes a draft, or is launched in the same write where requested. */
    completeDrafting: (seen: Seen & Pick<Campaign, 'drafting'>, content: DraftedContent): Promise<Campaign | null> => {
      const revision = seen.revision + 1;
      const { n, send = false, at = null } = seen.drafting ?? {};
      const chosen = n === undefined ? {} : { chosen_draft: n };
      const then = send ? launchFields({ ...seen, revision }, at) : { state: 'draft' as const, reason: null };
      return controlWrite(rows, seen, { ...content, ...chosen, revision, ...then });
    },

    /** The draft ended without a text: the campaign becomes a draft again, with the reason. */
    abandonDrafting: (seen: Seen, reason: string | null): Promise<Campaign | null> =>
      controlWrite(rows, seen, { state: 'draft', reason }),
  };
}
