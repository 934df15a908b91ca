export const ISSUE_STATES = ['preparing', 'launched', 'sent', 'failed', 'skipped'] as const;
export type IssueState = (typeof ISSUE_STATES)[number];

/** `scheduled`: begun by the calendar. `triggered`: begun by a request. */
export const ISSUE_KINDS = ['scheduled', 'triggered'] as const;
export type IssueKind = (typeof ISSUE_KINDS)[number];

/** Why an issue is not sent, or was not sent completely, as sentences. */
export const ISSUE_REASONS = {
  too_late: 'The issue began later than the catch-up window allows.',
  missed: 'No worker began the issue at its time or within the catch-up window.',
  overlap: 'The previous issue was still open.',
  paused: 'The newsletter is paused.',
  nothing_new: 'The feed has no new items.',
  source_failed: 'The source returned no usable content before the sending time.',
  no_data: 'No data was pushed before the sending time.',
  draft_failed: 'The model wrote no usable text before the sending time.',
  content_blocked: 'The content check found errors.',
  template_not_published: 'The template has no published version, or was removed.',
  no_recipients: 'The list has no recipients who may be mailed.',
  too_many_recipients: 'The list has more recipients than the newsletter may mail.',
  too_soon: 'The previous issue was sent too recently.',
  no_approvers: 'No member of the account is an approver.',
  sender_not_verified: 'The domain of the sender is not verified.',
  quota: 'The plan of the account does not allow more mails.',
  rejected: 'An approver rejected the issue.',
  approval_expired: 'No approver answered in time.',
  withdrawn: 'The campaign of the issue was withdrawn or changed by a member.',
  engine_stopped: 'An operator terminated the workflow of the issue.',
  restored: 'The database was restored from a backup; the issue may have been sent before.',
} as const;
export type IssueReason = keyof typeof ISSUE_REASONS;

/** Whole seconds, as in the times of a Temporal Schedule. */
export function issueMoment(scheduledAt: Date): string {
  return `${scheduledAt.toISOString().slice(0, 19)}Z`;
}

/** The id of an issue: newsletter and time. Beginning the same issue twice gives the same id. */
export function issueId(newsletter: number, scheduledAt: Date): string {
  return `${newsletter}:${issueMoment(scheduledAt)}`;
}

const ORIGIN = 'issue ';

/** The origin under which an issue's campaign is created and launched. */
export function originOfIssue(id: string): string {
  return `${ORIGIN}${id}`;
}

/** The issue that a campaign of this origin was made from; undefined: none. */
export function issueOfOrigin(origin: string | undefined): string | undefined {
  return origin?.startsWith(ORIGIN) ? origin.slice(ORIGIN.length) : undefined;
}

/** Newsletter and time of an issue's id. */
export function partsOfIssueId(id: string): { readonly newsletter: number; readonly scheduledAt: string } {
  const [newsletter = ''] = id.split(':', 1);
  return { newsletter: Number(newsletter), scheduledAt: id.slice(newsletter.length + 1) };
}

/** The policy for a time of the calendar at which the previous issue is still open. */
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
  /** An issue that begins at least this much after its time is late. */
  readonly lateAfter: number;
}

/** Whether an issue begins late or too late, and when it may be sent. */
export function issueTiming({ kind, scheduledAt, now, catchUp, lead, jitter, lateAfter }: IssueStart) {
  const behind = kind === 'triggered' ? 0 : Math.max(0, now.getTime() - scheduledAt.getTime() - jitter);
  const late = behind >= lateAfter;
  // A late issue has the full lead time.
  const sendAt = new Date((late ? now : scheduledAt).getTime() + lead);
  return { late, tooLate: behind > Math.max(catchUp, lateAfter), sendAt };
}

/** The action for an issue that would begin while another is open; `wait`: Temporal's Schedule delays it. */
export function overlapAction(overlap: Overlap): 'skip' | 'begin' | 'wait' {
  if (overlap === 'skip') return 'skip';
  return overlap === 'allow_all' ? 'begin' : 'wait';
}

/** Milliseconds until a failed source is tried again. */
export function sourceRetryDelay(tries: number): number {
  return Math.min(15 * 60_000, 2_000 * 2 ** Math.min(tries, 12));
}
