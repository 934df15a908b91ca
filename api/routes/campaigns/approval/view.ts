import type { Campaign } from '../../../../store/campaigns/row.js';
import { timestamp, timestampOrNull } from '../../../timestamp.js';

/** The approval fields of a campaign in the API. */
export function approvalView({ approval, rendered = null }: Pick<Campaign, 'approval' | 'rendered'>) {
  const answer = approval?.response ?? null;
  return {
    approval: approval != null,
    approval_expires_hours: approval?.hours ?? null,
    approval_asked_at: timestampOrNull(approval?.requested?.at ?? null),
    approval_expires_at: timestampOrNull(approval?.requested?.until ?? null),
    approval_letter: approval == null ? null : rendered,
    approval_answer: answer && {
      decision: answer.decision,
      revision: answer.revision,
      letter: answer.letter,
      member_id: answer.member,
      comment: answer.comment,
      at: timestamp(answer.at),
    },
  };
}
