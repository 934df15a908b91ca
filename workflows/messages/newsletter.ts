import { defineSignal } from '@temporalio/workflow';
import { issueMoment } from '../../domain/newsletter/issue.js';
import { type Overlap, scheduleSpec } from '../../domain/newsletter/schedule.js';
import type { Timetable } from '../../domain/newsletter/timetable.js';
import type { RunLength } from '../messages.js';
import { ACCOUNT, issueWorkflowBase, KIND, newsletterScheduleId, newsletterWorkflowId, queuesOf } from '../names.js';

export interface NewsletterInput {
  readonly account: number;
  readonly newsletter: number;
}

export interface IssueInput extends NewsletterInput, RunLength {
  /** ISO 8601; a Schedule leaves it out and names the time itself. */
  readonly scheduledAt?: string;
}

/** One issue, by its time. */
export interface IssueRef extends IssueInput {
  readonly scheduledAt: string;
}

/** The newsletter's row has changed: compare its Schedule with it. */
export const newsletterRowChanged = defineSignal('rowChanged');
/** Something came in that the issue may be waiting for. */
export const issueRowChanged = defineSignal('rowChanged');

export const NEWSLETTER_TYPE = 'newsletter';
export const ISSUE_TYPE = 'newsletterIssue';

const ROW_DECIDES = { workflowIdReusePolicy: 'ALLOW_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING' } as const;

function attributes(account: number, kind: string) {
  return [
    { key: ACCOUNT, value: String(account) },
    { key: KIND, value: kind },
  ];
}

/** How the workflow that looks after a newsletter's Schedule is started. */
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

/** How an issue is begun by anybody but its Schedule: under the id that the Schedule would give it. */
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

/** What of a newsletter's row its Schedule is made from. */
export interface Scheduled extends Timetable {
  readonly _id: number;
  readonly account: number;
  readonly state: 'active' | 'paused';
  readonly v: number;
  readonly overlap: Overlap;
  readonly jitter_seconds: number;
  readonly catch_up_seconds: number;
}

const OVERLAP = { skip: 'SKIP', buffer_one: 'BUFFER_ONE', buffer_all: 'BUFFER_ALL', allow_all: 'ALLOW_ALL' } as const;
/** Temporal takes no shorter one. */
const SHORTEST_WINDOW = 10;

/** The Schedule that a newsletter's row asks for. */
export function newsletterSchedule(prefix: string, row: Scheduled) {
  const { _id: newsletter, account, state, v } = row;
  return {
    scheduleId: newsletterScheduleId(prefix, newsletter),
    spec: scheduleSpec(row, row.jitter_seconds),
    policies: {
      overlap: OVERLAP[row.overlap],
      catchupWindow: Math.max(SHORTEST_WINDOW, row.catch_up_seconds) * 1_000,
    },
    state: { paused: state === 'paused', note: `row version ${v}` },
    action: {
      type: 'startWorkflow' as const,
      workflowType: ISSUE_TYPE,
      workflowId: issueWorkflowBase(newsletter),
      taskQueue: queuesOf(prefix).workflows,
      args: [{ account, newsletter }] as [IssueInput],
      typedSearchAttributes: attributes(account, 'issue'),
    },
  };
}
