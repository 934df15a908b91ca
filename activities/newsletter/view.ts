import type { IssueReason, IssueState } from '../../domain/newsletter/issue.js';
import { issueId } from '../../domain/newsletter/issue.js';
import type { Issue, IssueKey } from '../../store/newsletters/issues.js';
import type { IssueRef } from '../../workflows/messages/newsletter.js';
import type { DraftInput } from '../../workflows/messages.js';

/** What the workflow knows of an issue: states, times and ids, no content. */
export interface IssueView {
  readonly state: IssueState | 'gone';
  /** Something is still to be done. */
  readonly open: boolean;
  /** There is something to send. */
  readonly ready: boolean;
  readonly sendAt: string;
  /** When the next thing is to happen; null: soon. */
  readonly due: string | null;
  /** A text that is to be written first. */
  readonly draft: DraftInput | null;
  /** What it would be skipped for now. */
  readonly trouble: IssueReason;
}

export function keyOf({ account, newsletter, scheduledAt }: IssueRef): IssueKey {
  return { account, _id: issueId(newsletter, new Date(scheduledAt)) };
}

export function viewOf(row: Issue, more: Partial<IssueView> = {}): IssueView {
  const open = row.state === 'preparing' || row.state === 'launched';
  return {
    state: row.state,
    open,
    ready: false,
    sendAt: row.send_at.toISOString(),
    due: null,
    draft: null,
    trouble: 'source_failed',
    ...more,
  };
}

/** Its newsletter, or its row, is not there: nothing is to be done. */
export function gone({ scheduledAt }: IssueRef): IssueView {
  return {
    state: 'gone',
    open: false,
    ready: false,
    sendAt: scheduledAt,
    due: null,
    draft: null,
    trouble: 'withdrawn',
  };
}
