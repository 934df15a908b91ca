import { defineSignal } from '@temporalio/workflow';
import { issueMoment } from '../../domain/newsletter/issue.js';
import { ACCOUNT, issueWorkflowBase, KIND, newsletterWorkflowId, queuesOf } from '../names.js';
import type { RunLength } from './start.js';

export interface NewsletterInput {
  readonly account: number;
  readonly newsletter: number;
}

export interface IssueInput extends NewsletterInput, RunLength {
  /** ISO 8601; absent where a Schedule starts the issue: its time is in the workflow id. */
  readonly scheduledAt?: string;
}

/** One issue, by its time. */
export interface IssueRef extends IssueInput {
  readonly scheduledAt: string;
}

/** The newsletter's row has changed. */
export const newsletterRowChanged = defineSignal('rowChanged');
/** The issue's row, its pushed data or its campaign has changed. */
export const issueRowChanged = defineSignal('rowChanged');

export const NEWSLETTER_TYPE = 'newsletter';
export const ISSUE_TYPE = 'newsletterIssue';

const ROW_DECIDES = { workflowIdReusePolicy: 'ALLOW_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING' } as const;

export function attributes(account: number, kind: string) {
  return [
    { key: ACCOUNT, value: String(account) },
    { key: KIND, value: kind },
  ];
}

/** Start options of the workflow that reconciles a newsletter's Schedule. */
export function newsletterStart(prefix: string, input: NewsletterInput) {
  return {
    ...ROW_DECIDES,
    workflowId: newsletterWorkflowId(input.newsletter),
    taskQueue: queuesOf(prefix).workflows,
    args: [input] as [NewsletterInput],
    staticSummary: `Schedule of newsletter ${input.newsletter} of account ${input.account}`,
    typedSearchAttributes: attributes(input.account, 'newsletter'),
  };
}

/** Start options of an issue that no Schedule starts: the workflow id is the one that the Schedule would use. */
export function issueStart(prefix: string, issue: IssueRef) {
  const { account, newsletter, scheduledAt } = issue;
  return {
    ...ROW_DECIDES,
    workflowId: `${issueWorkflowBase(newsletter)}-${issueMoment(new Date(scheduledAt))}`,
    taskQueue: queuesOf(prefix).workflows,
    args: [issue] as [IssueInput],
    staticSummary: `Issue of newsletter ${newsletter} of account ${account}`,
    typedSearchAttributes: attributes(account, 'issue'),
  };
}
