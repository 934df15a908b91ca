import { defineSignal } from '@temporalio/workflow';
import { issueMoment } from '../../domain/newsletter/issue.js';
import { nameForOperators } from '../../domain/operator-text.js';
import { issueWorkflowBase, newsletterWorkflowId, queuesOf } from '../names.js';
import { apiLink, attributesOf, type RunLength, type StartSettings } from './start.js';

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

/** Start options of the workflow that reconciles a newsletter's Schedule. `name` is null where the newsletter is deleted. */
export function newsletterStart(settings: StartSettings, input: NewsletterInput, name: string | null) {
  return {
    ...ROW_DECIDES,
    workflowId: newsletterWorkflowId(input.newsletter),
    taskQueue: queuesOf(settings.prefix).workflows,
    args: [input] as [NewsletterInput],
    staticSummary: `Schedule of newsletter ${input.newsletter}${name === null ? '' : `: ${nameForOperators(name)}`}`,
    staticDetails: apiLink(settings, `/newsletters/${input.newsletter}`),
    typedSearchAttributes: attributesOf({ account: input.account, kind: 'newsletter' }),
  };
}

/** What the Temporal UI shows of an issue at its start, also where a Schedule starts it. */
export function shownIssue(settings: StartSettings, { account, newsletter }: NewsletterInput, name: string) {
  return {
    staticSummary: `Issue of newsletter ${newsletter}: ${nameForOperators(name)}`,
    staticDetails: apiLink(settings, `/newsletters/${newsletter}/issues`),
    typedSearchAttributes: attributesOf({ account, kind: 'issue', phase: FIRST_ISSUE_PHASE }),
  };
}

const FIRST_ISSUE_PHASE = 'preparing';

/** Start options of an issue that no Schedule starts: the workflow id is the one that the Schedule would use. */
export function issueStart(settings: StartSettings, issue: IssueRef, name: string) {
  return {
    ...ROW_DECIDES,
    workflowId: issueWorkflowId(issue),
    taskQueue: queuesOf(settings.prefix).workflows,
    args: [issue] as [IssueInput],
    ...shownIssue(settings, issue, name),
  };
}

export function issueWorkflowId({ newsletter, scheduledAt }: Pick<IssueRef, 'newsletter' | 'scheduledAt'>): string {
  return `${issueWorkflowBase(newsletter)}-${issueMoment(new Date(scheduledAt))}`;
}
