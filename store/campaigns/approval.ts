import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { type ApprovalResponse, needsApproval, requestApproval, withResponse } from '../../domain/campaign/approval.js';
import { controlWrite } from './controls.js';
import type { Campaign, CampaignChange, Seen } from './row.js';

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
