import { approvalFor } from '../../../domain/approval.js';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Newsletter, NewsletterChange, NewsletterFields } from '../../../store/newsletters.js';
import { reach } from '../../../web/reach.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import { chosenList, chosenTemplate } from '../../chosen.js';
import type { Deps } from '../../deps.js';
import { demandDone, ours } from '../../failures.js';
import { originOf } from '../../idempotency.js';
import { pageMeta, skipOf } from '../../paging.js';
import { Data, Nothing, Page, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { NewNewsletter, NewsletterPatch, NewsletterSearch, NewsletterView } from '../../schemas/newsletter.js';
import { demandApprovers } from '../campaigns/approval.js';
import { demandDrafting } from '../campaigns/drafting.js';
import { changedNewsletter, newNewsletter } from './fields.js';
import { newsletterShown } from './view.js';

const tags = ['Newsletters'];
const ONE = { 200: Data(NewsletterView), ...refusals };
const TRIES = 5;

/** Newsletters that come out by themselves. */
export function newsletters(app: Api, deps: Deps): void {
  reading(app, deps);
  writing(app, deps);
  removing(app, deps);
}

function reading(app: Api, deps: Deps): void {
  app.get(
    '/newsletters',
    {
      schema: {
        tags,
        summary: 'List newsletters',
        querystring: NewsletterSearch,
        response: { 200: Page(NewsletterView), ...refusals },
      },
    },
    async (request) => {
      const { found, total } = await deps.newsletters.page(
        accountOf(request),
        request.query.list_id,
        skipOf(request.query),
        request.query.per_page,
      );
      return { data: found.map(newsletterShown), meta: pageMeta(request.query, total) };
    },
  );

  app.get(
    '/newsletters/:id',
    { schema: { tags, summary: 'Retrieve a newsletter', params: IdPath, response: ONE } },
    async (request) => ({
      data: newsletterShown(ours(await deps.newsletters.find(accountOf(request), request.params.id))),
    }),
  );
}

function writing(app: Api, deps: Deps): void {
  const { faultOf } = reach(deps.config.allowedPrivateHosts);

  app.post(
    '/newsletters',
    {
      schema: {
        tags,
        summary: 'Set up a newsletter',
        body: NewNewsletter,
        response: { 201: Data(NewsletterView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const fields = newNewsletter(request.body, faultOf);
      await demandUsable(deps, account, fields);
      const row = await deps.newsletters.create(account, fields, originOf(request));
      deps.engine.wakeNewsletter(row);
      return reply.code(201).send({ data: newsletterShown(row) });
    },
  );

  app.patch(
    '/newsletters/:id',
    { schema: { tags, summary: 'Change a newsletter', params: IdPath, body: NewsletterPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const row = await turnedNewsletter(deps, account, request.params.id, async (seen) => {
        const after = changedNewsletter(request.body, seen, faultOf);
        await demandUsable(deps, account, after);
        return changes(after, request.body.schedule !== undefined);
      });
      return { data: newsletterShown(row) };
    },
  );
}

function removing(app: Api, deps: Deps): void {
  app.delete(
    '/newsletters/:id',
    {
      schema: {
        tags,
        summary: 'Remove a newsletter; campaigns of its issues stay',
        params: IdPath,
        response: { 204: Nothing, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { id } = request.params;
      demandDone(await deps.newsletters.remove(account, id));
      await deps.issues.forget(account, id);
      await deps.pushed.forget(account, id);
      deps.engine.wakeNewsletter({ _id: id, account });
      return reply.code(204).send(null);
    },
  );
}

/** Reads, decides, writes; whoever was overtaken reads again. Its Schedule is compared with it behind the answer. */
export async function turnedNewsletter(
  { newsletters: rows, engine }: Pick<Deps, 'newsletters' | 'engine'>,
  account: number,
  id: number,
  decide: (seen: Newsletter) => Promise<NewsletterChange> | NewsletterChange,
): Promise<Newsletter> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const seen = ours(await rows.find(account, id));
    const after = await rows.change(seen, await decide(seen));
    if (after === null) continue;
    engine.wakeNewsletter(after);
    return after;
  }
  throw new Failure('busy', undefined, 'The newsletter is being changed by others; try again.');
}

/** Of the whole newsletter only what a caller may change; times only where they were named. */
function changes(after: NewsletterFields, withTimes: boolean): NewsletterChange {
  const { name, list_id, source, subject, preheader, html, template_id, from, reply_to, settings } = after;
  const { approval_hours, on_expiry, max_recipients, min_gap_minutes, test_to } = after;
  const { cron, calendars, zone, start_at, end_at, skip, jitter_seconds, overlap, catch_up_seconds, lead_seconds } =
    after;
  const times = {
    cron,
    calendars,
    zone,
    start_at,
    end_at,
    skip,
    jitter_seconds,
    overlap,
    catch_up_seconds,
    lead_seconds,
  };
  return {
    ...{ name, list_id, source, subject, preheader, html, template_id, from, reply_to, settings },
    ...{ approval_hours, on_expiry, max_recipients, min_gap_minutes, test_to },
    ...(withTimes && times),
  };
}

/** What an issue would fail for is said when its newsletter is set up. */
async function demandUsable(deps: Deps, account: number, fields: NewsletterFields): Promise<void> {
  await chosenList(deps, account, fields.list_id);
  if (fields.template_id !== null) await chosenTemplate(deps, account, fields.template_id);
  if (fields.source.kind === 'ai') await demandDrafting(deps, account);
  if (fields.approval_hours !== null)
    await demandApprovers(deps, { account, approval: approvalFor(fields.approval_hours) });
  const keys = fields.test_to.map((email) => parseMailbox(email)?.identity ?? '');
  const known = await deps.members.among(account, keys);
  if (keys.some((key) => !known.has(key))) throw new Failure('receiver_not_a_member');
}
