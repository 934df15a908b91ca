import type { IssueState } from '../newsletter/issue.js';
import { isLate, type Waiting } from './waiting.js';

/** The fields of an issue that say what it waits for. */
export interface WaitingIssue {
  readonly state: IssueState;
  readonly detail: string | null;
  readonly created_at: Date;
  /** When its source is tried again. */
  readonly next_try?: Date | null;
}

/** What an issue waits for; `ofCampaign` is what its launched campaign waits for. Null where it moves or is over. */
export function issueWaiting(
  { state, detail, created_at, next_try = null }: WaitingIssue,
  now: Date,
  ofCampaign: Waiting | null,
): Waiting | null {
  if (state === 'launched') return ofCampaign;
  if (state !== 'preparing') return null;
  const expected = next_try ?? created_at;
  // A try may take minutes: a slow source, or a model that writes.
  if (isLate(expected, now, A_TRY_TAKES)) {
    return { reason: 'worker', since: expected, next_try: null, detail: 'No worker has tried its source.' };
  }
  const sentence = detail ?? 'Its source is being tried.';
  return { reason: 'source', since: created_at, next_try, detail: sentence };
}

const A_TRY_TAKES = 180_000;
