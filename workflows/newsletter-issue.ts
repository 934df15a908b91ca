import {
  condition,
  continueAsNew,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { IssueView } from '../activities/newsletter/view.js';
import { patience } from '../domain/newsletter/issue.js';
import { written } from './issue-draft.js';
import { type IssueInput, type IssueRef, lookAtIssue } from './messages/newsletter.js';
import { PHASE } from './names.js';
import { outgrown } from './outgrown.js';
import { quickSteps, sourceSteps } from './steps.js';
import { millisecondsUntil } from './waiting.js';

const FIRST_LOOK = 2_000;
/** The sweep tells it of the end of its campaign. */
const LONGEST_LOOK = 24 * 3_600_000;
/** A run that has seen this many events goes on as a new one. */
const ENOUGH_EVENTS = 3_000;

/** One issue of a newsletter: something to say, its gates, its campaign, and what became of it. */
export async function newsletterIssue(input: IssueInput): Promise<string> {
  const issue: IssueRef = { ...input, scheduledAt: input.scheduledAt ?? timeOfSchedule() };
  const news = listen();
  await sleepUntil(issue.scheduledAt);
  const opened = await quickSteps().openIssue(issue);
  if (!opened.open) return farewell(opened);
  const ready = await untilReady(issue, opened, news);
  if (!ready.open) return farewell(ready);
  const launched = await quickSteps().launchIssue(issue);
  return farewell(launched.open ? await untilOver(issue, launched, news) : launched);
}

/** Asks the source again and again until there is something to send; at the time to send it is asked once more. */
async function untilReady(issue: IssueRef, { sendAt }: IssueView, news: News): Promise<IssueView> {
  for (let tries = 0; ; tries += 1) {
    const isLast = millisecondsUntil(sendAt) === 0;
    const found = await sourceSteps().gatherIssue(issue, isLast);
    if (!found.open || found.ready) return found;
    if (found.draft !== null && (await written(found.draft, sendAt))) continue;
    if (isLast) return quickSteps().skipIssue(issue, found.draft === null ? found.trouble : 'draft_failed');
    await news.within(Math.min(patience(tries), millisecondsUntil(sendAt)));
    await goOnIfOutgrown(issue);
  }
}

/** Its campaign goes its own way; what becomes of it is the end of the issue. */
async function untilOver(issue: IssueRef, launched: IssueView, news: News): Promise<IssueView> {
  let view = launched;
  for (let wait = FIRST_LOOK; view.open; wait = Math.min(wait * 1.5, LONGEST_LOOK)) {
    const due = millisecondsUntil(view.due);
    await news.within(due > wait ? Math.min(due + FIRST_LOOK, LONGEST_LOOK) : wait);
    view = await quickSteps().watchIssue(issue);
    if (view.open) await goOnIfOutgrown(issue);
  }
  return view;
}

/** The new run begins with a look at the rows, so that whatever was heard meanwhile is seen. */
async function goOnIfOutgrown(issue: IssueRef): Promise<void> {
  if (outgrown(issue, ENOUGH_EVENTS)) await continueAsNew<typeof newsletterIssue>(issue);
}

type News = ReturnType<typeof listen>;

function listen() {
  let heard = false;
  const hear = () => {
    heard = true;
  };
  setHandler(lookAtIssue, hear, { description: 'Something came in: try again now' });
  return {
    within: async (ms: number): Promise<void> => {
      await condition(() => heard, Math.max(1, ms));
      heard = false;
    },
  };
}

/** A Schedule says for which time it has begun this, without the jitter; so does the id, and it is nearer. */
function timeOfSchedule(): string {
  const { workflowId } = workflowInfo();
  return new Date(workflowId.slice(workflowId.indexOf('-') + 1)).toISOString();
}

async function sleepUntil(time: string): Promise<void> {
  const ms = millisecondsUntil(time);
  if (ms > 0) await sleep(ms, { summary: 'until its time' });
}

function farewell({ state }: IssueView): string {
  upsertSearchAttributes([{ key: PHASE, value: state }]);
  return state;
}
