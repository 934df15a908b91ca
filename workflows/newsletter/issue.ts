import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { IssueView } from '../../activities/newsletter/issue.js';
import { sourceRetryDelay } from '../../domain/newsletter/issue.js';
import { reasonLine } from '../campaign/details.js';
import type { draft } from '../draft/draft.js';
import type { DraftInput } from '../messages/campaign.js';
import { type IssueInput, type IssueRef, issueRowChanged } from '../messages/newsletter.js';
import { attributesOf } from '../messages/start.js';
import { campaignWorkflowId, draftWorkflowId } from '../names.js';
import { historyExceeds, listenForChanges, millisecondsUntil, shownTime, showPhase, timer } from '../run.js';
import { quickSteps, sourceSteps } from '../steps.js';

const FIRST_CHECK_MS = 2_000;
/** The sweep signals the end of the campaign, so checks may be rare. */
const LONGEST_CHECK_MS = 24 * 3_600_000;
/** A run with this many events continues as a new one. */
const HISTORY_LIMIT = 3_000;

/** One issue of a newsletter: waits for its content, launches its campaign, and records the result. */
export async function newsletterIssue(input: IssueInput): Promise<string> {
  const issue: IssueRef = { ...input, scheduledAt: input.scheduledAt ?? timeOfSchedule() };
  const changes = listenForChanges(issueRowChanged, 'The issue, its data or its campaign has changed: check now');
  await sleepUntil(issue.scheduledAt);
  const opened = show(await quickSteps('opens the issue').openIssue(issue));
  if (!opened.open) return finish(opened);
  const ready = await untilReady(issue, opened, changes);
  if (!ready.open) return finish(ready);
  const launched = show(await quickSteps('checks the issue and launches its campaign').launchIssue(issue));
  return finish(launched.open ? await untilOver(issue, launched, changes) : launched);
}

/** Polls the source until there is content to send; the last poll is at the send time. */
async function untilReady(issue: IssueRef, { sendAt }: IssueView, changes: Changes): Promise<IssueView> {
  for (let tries = 0; ; tries += 1) {
    const isLast = millisecondsUntil(sendAt) === 0;
    const found = show(await sourceSteps(`reads the source, try ${tries + 1}`).prepareIssue(issue, isLast, tries));
    if (!found.open || found.ready) return found;
    if (found.draft !== null && (await writeIssueDraft(found.draft, sendAt))) continue;
    if (isLast) {
      const reason = found.draft === null ? found.trouble : 'draft_failed';
      return quickSteps(`skips the issue: ${reason}`).skipIssue(issue, reason);
    }
    const wait = Math.min(sourceRetryDelay(tries), millisecondsUntil(sendAt));
    await changes.within(wait, `${found.trouble}: reads the source again`);
    await continueIfLong(issue);
  }
}

/** Waits for the end of the campaign, which decides the end of the issue. */
async function untilOver(issue: IssueRef, launched: IssueView, changes: Changes): Promise<IssueView> {
  let view = launched;
  for (let wait = FIRST_CHECK_MS; view.open; wait = Math.min(wait * 1.5, LONGEST_CHECK_MS)) {
    const due = millisecondsUntil(view.due);
    const ms = due > wait ? Math.min(due + FIRST_CHECK_MS, LONGEST_CHECK_MS) : wait;
    await changes.within(ms, 'looks whether the campaign has ended');
    view = show(await quickSteps('has the campaign ended?').watchIssue(issue));
    if (view.open) await continueIfLong(issue);
  }
  return view;
}

/** The new run begins by reading the rows, so a signal that arrives meanwhile is not lost. */
async function continueIfLong(issue: IssueRef): Promise<void> {
  if (historyExceeds(issue, HISTORY_LIMIT)) await continueAsNew<typeof newsletterIssue>(issue);
}

type Changes = ReturnType<typeof listenForChanges>;

/** The time that the Schedule started this issue for, without the jitter: the workflow id contains it. */
function timeOfSchedule(): string {
  const { workflowId } = workflowInfo();
  return new Date(workflowId.slice(workflowId.indexOf('-') + 1)).toISOString();
}

async function sleepUntil(time: string): Promise<void> {
  const ms = millisecondsUntil(time);
  if (ms > 0) await sleep(ms, timer('the issue begins', ms));
}

/** Shows the issue in the Temporal UI. */
function show(view: IssueView): IssueView {
  const { state, sendAt, due, campaign, held = null } = view;
  const reason = view.reason ?? held?.reason;
  const lines = [`### ${state}`];
  if (reason != null) lines.push(reasonLine({ reason, held }));
  if (state === 'preparing') lines.push(`Next: sends at ${shownTime(sendAt)}, once its content is there.`);
  if (state === 'launched' && due !== null) lines.push(`Next: the campaign sends at ${shownTime(due)}.`);
  if (campaign != null) lines.push(`Campaign: \`${campaignWorkflowId(campaign)}\``);
  setCurrentDetails(lines.join('\n\n'));
  // Views of earlier versions have no campaign: their phase is shown at the end only.
  if (campaign !== undefined) showPhase(state, view.open ? (held?.reason ?? null) : view.reason);
  return view;
}

function finish(view: IssueView): string {
  show(view);
  showPhase(view.state, view.reason);
  return view.state;
}

const POLL_MS = 5_000;

/** Has a draft written; false where the model wrote no text, or none before the deadline. */
async function writeIssueDraft(input: DraftInput, until: string): Promise<boolean> {
  const deadline = new CancellationScope({ cancellable: true, timeout: Math.max(1, millisecondsUntil(until)) });
  try {
    return (await deadline.run(() => runDraft(input))) === 'ready';
  } catch (error) {
    if (isCancellation(error)) return false;
    throw error;
  }
}

/** Runs the draft's workflow. Where the sweep has started it already, returns after a wait, and the caller checks the draft again. */
async function runDraft(input: DraftInput): Promise<string> {
  try {
    return await executeChild<typeof draft>('draft', {
      workflowId: draftWorkflowId(input.campaign, input.n),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Draft ${input.n} of campaign ${input.campaign}`,
      typedSearchAttributes: attributesOf({ ...input, kind: 'draft' }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await sleep(POLL_MS, timer('the draft is under way: looks again', POLL_MS));
    return 'ready';
  }
}
