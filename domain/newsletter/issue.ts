export const ISSUE_STATES = ['preparing', 'launched', 'sent', 'failed', 'skipped'] as const;
export type IssueState = (typeof ISSUE_STATES)[number];

/** Somebody or the calendar began it. */
export const ISSUE_KINDS = ['scheduled', 'triggered'] as const;
export type IssueKind = (typeof ISSUE_KINDS)[number];

/** Why an issue does not go out, or did not, in words. */
export const ISSUE_REASONS = {
  too_late: 'It began later than the catch-up window allows.',
  missed: 'Nothing ran at its time, nor within the catch-up window.',
  overlap: 'The issue before was still under way.',
  paused: 'The newsletter is paused.',
  nothing_new: 'The feed has nothing that was not sent already.',
  source_failed: 'The source gave nothing that can be sent, until the time to send.',
  no_data: 'Nobody has pushed data in time.',
  draft_failed: 'The model wrote no text that can be sent, until the time to send.',
  content_blocked: 'The check of the content found errors.',
  no_recipients: 'The list has no recipient who may be mailed.',
  too_many_recipients: 'The list has more recipients than the newsletter may mail.',
  too_soon: 'The issue before went out too short a time ago.',
  no_approvers: 'No member of the account is an approver.',
  sender_not_verified: 'The domain of the sender is not verified.',
  quota: 'The plan of the account does not allow another mail.',
  rejected: 'An approver said no.',
  approval_expired: 'No approver has answered in time.',
  withdrawn: 'Its campaign was taken back or changed by hand.',
  engine_stopped: 'An operator ended its workflow.',
} as const;
export type IssueReason = keyof typeof ISSUE_REASONS;

/** Whole seconds, as Temporal counts the times of a Schedule. */
export function issueMoment(scheduledAt: Date): string {
  return `${scheduledAt.toISOString().slice(0, 19)}Z`;
}

/** One issue of a newsletter at one time, whoever begins it and how often. */
export function issueId(newsletter: number, scheduledAt: Date): string {
  return `${newsletter}:${issueMoment(scheduledAt)}`;
}

/** What happens at a time of the calendar while the previous issue is still open. */
export const OVERLAPS = ['skip', 'buffer_one', 'buffer_all', 'allow_all'] as const;
export type Overlap = (typeof OVERLAPS)[number];

export interface IssueStart {
  readonly kind: IssueKind;
  readonly scheduledAt: Date;
  readonly now: Date;
  /** Milliseconds. */
  readonly catchUp: number;
  readonly lead: number;
  readonly jitter: number;
  /** From here on it counts as late. */
  readonly lateAfter: number;
}

/** How late an issue begins, when it may be sent, and whether it is too late for it. */
export function issueTiming({ kind, scheduledAt, now, catchUp, lead, jitter, lateAfter }: IssueStart) {
  const behind = kind === 'triggered' ? 0 : Math.max(0, now.getTime() - scheduledAt.getTime() - jitter);
  const late = behind >= lateAfter;
  // What begins late is prepared as long as any other.
  const sendAt = new Date((late ? now : scheduledAt).getTime() + lead);
  return { late, tooLate: behind > Math.max(catchUp, lateAfter), sendAt };
}

/** What becomes of an issue that would begin while another is open; `wait`: Temporal's Schedule holds it back. */
export function overlapAction(overlap: Overlap): 'skip' | 'begin' | 'wait' {
  if (overlap === 'skip') return 'skip';
  return overlap === 'allow_all' ? 'begin' : 'wait';
}

/** Milliseconds until a source that failed is asked again. */
export function sourceRetryDelay(tries: number): number {
  return Math.min(15 * 60_000, 2_000 * 2 ** Math.min(tries, 12));
}
