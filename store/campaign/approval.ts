import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { type ApprovalAnswer, answered, askedAt, needsApproval } from '../../domain/approval.js';
import type { Campaign, CampaignChange, Seen } from '../campaigns.js';
import { steered } from './steering.js';

/** Whose word it is. */
export type Verdict = Pick<ApprovalAnswer, 'by' | 'comment'>;
type Asked = Seen & Pick<Campaign, 'launch' | 'scheduled_at'>;

/** Answers to a campaign that waits for one. Each is a compare-and-set on what was asked about: the first one counts. */
export function approving(rows: Collection<Campaign>) {
  const answer = (seen: Asked, decision: ApprovalAnswer['decision'], verdict: Verdict, then: Partial<Campaign>) => {
    const { launch, revision, rendered: letter = null } = seen;
    const word: ApprovalAnswer = { ...verdict, decision, launch, revision, letter, at: now() };
    return steered(rows, seen, { ...then, approval: answered(seen.approval, word) });
  };
  const back = (reason: string) => ({ state: 'draft' as const, scheduled_at: null, reason });

  return {
    /** It goes out, or waits for its time where that is still to come. Nobody can say yes to what is not rendered: null. */
    approve: async (seen: Asked, verdict: Verdict): Promise<Campaign | null> => {
      if (seen.rendered == null) return null;
      const waits = seen.scheduled_at !== null && seen.scheduled_at > now();
      const then = waits
        ? { state: 'scheduled' as const, reason: null }
        : { state: 'freezing' as const, reason: null, launched_at: now() };
      return answer(seen, 'approved', verdict, then);
    },

    /** Back to a draft, with the comment. */
    reject: (seen: Asked, verdict: Verdict): Promise<Campaign | null> =>
      answer(seen, 'rejected', verdict, back('rejected')),

    /** Nobody has answered in time. */
    lapse: (seen: Asked): Promise<Campaign | null> =>
      answer(seen, 'expired', { by: null, comment: null }, back('approval_expired')),
  };
}

/**
 * What a change means for a question that is open, or for a yes that was given: about another text everybody is asked
 * anew, and a scheduled campaign waits for it. Without the wish the question is taken back.
 */
export function reasked(seen: Seen, change: CampaignChange, isRevised: boolean): Partial<Campaign> {
  const isAsking = seen.state === 'awaiting_approval';
  if (!isAsking && seen.state !== 'scheduled') return {};
  if (change.approval === null) return isAsking ? { state: 'draft', scheduled_at: null } : { rendered: null };
  const approval = change.approval ?? seen.approval;
  if (approval == null) return {};
  const isAnswered = !isRevised && (isAsking || !needsApproval({ ...seen, approval }));
  return isAnswered ? {} : { state: 'awaiting_approval', approval: askedAt(approval, now()) };
}
