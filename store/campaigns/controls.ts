import type { Collection, UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import { needsApproval, requestApproval } from '../../domain/campaign/approval.js';
import type { ReputationBaseline } from '../../domain/campaign/reputation.js';
import type { Campaign, CampaignRound, Seen, Want } from './row.js';

/** Controls of a campaign: each increments `want.v` and makes the row due for the sweep, which notifies the workflow. */
export function controls(rows: Collection<Campaign>) {
  const control = (seen: Seen, change: Partial<Campaign>) => controlWrite(rows, seen, change);
  return {
    /** Launches now and pins the content. The caller first removes the pages of a launch that was cancelled unsent. */
    launch: (seen: Seen, origin?: string): Promise<Campaign | null> =>
      control(seen, { ...launchFields(seen, null), ...(origin !== undefined && { launch_origin: origin }) }),

    /** Launches at a time to come. */
    schedule: (seen: Seen, at: Date, origin?: string): Promise<Campaign | null> =>
      control(seen, { ...launchFields(seen, at), ...(origin !== undefined && { launch_origin: origin }) }),

    /** Back to a draft: unscheduled, or cancelled before its time. */
    withdraw: (seen: Seen): Promise<Campaign | null> =>
      control(seen, { state: 'draft', scheduled_at: null, reason: null, ...withoutApprovalRequest(seen) }),

    /** `excused`: the counts that a resume excuses. */
    pause: (seen: Seen, reason: string | null = null, excused?: ReputationBaseline): Promise<Campaign | null> =>
      control(seen, { state: 'paused', reason, ...(excused && { excused }) }),

    /** Updates the counts that a resume excuses. Atomic: one update, none once the campaign is resumed. */
    excuse: async ({ _id, account }: Seen, { accepted, hard, complaints }: ReputationBaseline): Promise<void> => {
      await rows.updateOne({ _id, account, state: 'paused' }, { $set: { excused: { accepted, hard, complaints } } });
    },

    /** Resumes the campaign where it was paused: waiting for its time, freezing or sending. */
    resume: (seen: Seen & Pick<Campaign, 'round' | 'scheduled_at' | 'launched_at'>): Promise<Campaign | null> =>
      control(seen, { ...(seen.round >= 0 ? { state: 'sending' } : beforeFreeze(seen)), reason: null }),

    cancel: (seen: Seen): Promise<Campaign | null> => control(seen, { state: 'cancelled', reason: 'cancelled' }),

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
        round: seen.round + 1,
        rounds: [...seen.rounds, round],
        closed_at: null,
      }),
  };
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
export function launchFields(
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
export function controlWrite(
  rows: Collection<Campaign>,
  seen: Seen,
  change: Partial<Campaign>,
): Promise<Campaign | null> {
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
