import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { now } from '../../../clock.js';
import { Failure } from '../../../domain/errors.js';
import { issueId } from '../../../domain/newsletter/issue.js';
import { isTimeOf, timesAfter } from '../../../domain/newsletter/timetable.js';
import { givenTime } from '../../../domain/timestamp.js';
import { issuesWaiting } from '../../../services/waiting/issues-waiting.js';
import type { Issue } from '../../../store/newsletters/issues.js';
import type { Newsletter } from '../../../store/newsletters/newsletters.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { Data, Page, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import { timestamp, timestampOrNull } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { EmptyBody } from '../campaigns/schema.js';
import { updateNewsletter } from './routes.js';
import { IssueSearch, IssueView, NewsletterView, NextTime, PushedBody, PushedView, Trigger } from './schema.js';
import { issueView, newsletterView, nextTimesView } from './view.js';

const tags = ['Newsletters'];
const NEXT = 10;

/** Actions on a newsletter. */
export function newsletterActions(app: Api, deps: Deps): void {
  pauseAndResume(app, deps);
  issues(app, deps);
  pushData(app, deps);
}

function pauseAndResume(app: Api, deps: Deps): void {
  const response = { 200: Data(NewsletterView), ...refusals };
  for (const [action, state, summary] of [
    ['pause', 'paused', 'Pause a newsletter; launched issues continue'],
    ['resume', 'active', 'Resume a newsletter at its next time; missed issues are not sent'],
  ] as const) {
    app.post(
      `/newsletters/:id/${action}`,
      { schema: { tags, summary, params: IdPath, body: EmptyBody, response } },
      async (request) => {
        const seen = await rowOf(deps, request);
        if (seen.state === state) return { data: newsletterView(seen) };
        return { data: newsletterView(await updateNewsletter(deps, seen.account, seen._id, () => ({ state }))) };
      },
    );
  }
  app.get(
    '/newsletters/:id/next',
    {
      schema: {
        tags,
        summary: 'List the next ten issues',
        params: IdPath,
        response: { 200: Data(Type.Array(NextTime)), ...refusals },
      },
    },
    async (request) => ({ data: nextTimesView(await rowOf(deps, request), NEXT) }),
  );
}

function issues(app: Api, deps: Deps): void {
  app.get(
    '/newsletters/:id/issues',
    {
      schema: {
        tags,
        summary: 'List the issues of a newsletter, the latest first',
        params: IdPath,
        querystring: IssueSearch,
        response: { 200: Page(IssueView), ...refusals },
      },
    },
    async (request) => {
      const { account, _id } = await rowOf(deps, request);
      const { found, total } = await deps.issues.page(account, _id, skipOf(request.query), request.query.per_page);
      const waiting = await issuesWaiting(deps, accountOf(request), found);
      const data = found.map((row) => issueView(row, waiting.get(row._id) ?? null));
      return { data, meta: pageMeta(request.query, total) };
    },
  );
  app.post(
    '/newsletters/:id/trigger',
    {
      schema: {
        tags,
        summary: 'Begin an issue now',
        params: IdPath,
        body: Trigger,
        response: { 202: Data(IssueView), ...refusals },
      },
    },
    async (request, reply) => {
      const row = await rowOf(deps, request);
      const issue = await triggerIssue(deps, row, request.body.scheduled_at, originOf(request));
      const waiting = await issuesWaiting(deps, issue.account, [issue]);
      return reply.code(202).send({ data: issueView(issue, waiting.get(issue._id) ?? null) });
    },
  );
}

/** A double click, a retry or a second backfill finds the existing issue. */
async function triggerIssue(deps: Deps, row: Newsletter, time: string | undefined, origin?: string): Promise<Issue> {
  const { account, _id: newsletter } = row;
  const earlier = origin === undefined ? null : await deps.issues.ofOrigin(account, origin);
  const issue = earlier ?? (await openIssue(deps, row, time, origin));
  if (issue.sweep_at !== null) {
    deps.engine.notifyIssue({ account, newsletter, scheduledAt: issue.scheduled_at.toISOString() }, row);
  }
  return issue;
}

async function openIssue(deps: Deps, row: Newsletter, time: string | undefined, origin?: string): Promise<Issue> {
  const { account, _id: newsletter } = row;
  const scheduled_at =
    time === undefined
      ? demandOwned(await deps.newsletters.startManually(account, newsletter, now()))
      : timeOf(row, time);
  const send_at = new Date(now().getTime() + row.lead_seconds * 1_000);
  const own = { _id: issueId(newsletter, scheduled_at), account, newsletter };
  return deps.issues.open({ ...own, kind: 'triggered', scheduled_at, send_at, ...(origin && { origin }) });
}

function timeOf(row: Newsletter, text: string): Date {
  const time = givenTime(text);
  if (time <= now() && isTimeOf(row, time)) return time;
  throw new Failure('not_a_time', { scheduled_at: ['The scheduled_at must be a past time of the newsletter.'] });
}

function pushData(app: Api, deps: Deps): void {
  app.put(
    '/newsletters/:id/data',
    {
      schema: {
        tags,
        summary: 'Push data for the next issue',
        params: IdPath,
        body: PushedBody,
        response: { 200: Data(PushedView), ...refusals },
      },
    },
    async (request) => {
      const row = await rowOf(deps, request);
      if (row.source.kind !== 'data') throw new Failure('no_data_expected');
      const pushed_at = await deps.pushedData.put(row.account, row._id, request.body.data);
      return { data: { pushed_at: timestamp(pushed_at), deadline: timestampOrNull(await deadlineOf(deps, row)) } };
    },
  );
}

/** The sending time of the issue that waits for data, which tries again now; else of the next issue. */
async function deadlineOf({ issues, engine }: Deps, row: Newsletter): Promise<Date | null> {
  const open = await issues.openIssues(row.account, row._id);
  const waiting = open.find(({ state, campaign }) => state === 'preparing' && campaign === null);
  if (waiting !== undefined) {
    const { account, newsletter, scheduled_at, send_at } = waiting;
    engine.notifyIssue({ account, newsletter, scheduledAt: scheduled_at.toISOString() }, row);
    return send_at;
  }
  const [next] = row.state === 'paused' ? [] : timesAfter(row, now(), 1);
  return next === undefined ? null : new Date(next.getTime() + row.lead_seconds * 1_000);
}

async function rowOf(deps: Deps, request: FastifyRequest): Promise<Newsletter> {
  const { id } = request.params as Static<typeof IdPath>;
  return demandOwned(await deps.newsletters.find(accountOf(request), id));
}
