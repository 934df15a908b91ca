import { newApproval } from '../../../domain/campaign/approval.js';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox } from '../../../mail/address.js';
import type { Newsletter, NewsletterChange, NewsletterFields } from '../../../store/newsletters/newsletters.js';
import { addressGuard } from '../../../web/address-guard.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandDone, demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { referencedList, referencedTemplate } from '../../references.js';
import { Data, NoContent, Page, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { demandApprovers } from '../campaigns/approval.js';
import { demandDrafting } from '../campaigns/drafts/drafting.js';
import { changedNewsletter, newNewsletter } from './fields.js';
import { NewNewsletter, NewsletterPatch, NewsletterSearch, NewsletterView } from './schema.js';
import { newsletterView } from './view.js';

const tags = ['Newsletters'];
const ONE = { 200: Data(NewsletterView), ...refusals };
const TRIES = 5;

/** Recurring newsletters. */
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
      return { data: found.map(newsletterView), meta: pageMeta(request.query, total) };
    },
  );

  app.get(
    '/newsletters/:id',
    { schema: { tags, summary: 'Retrieve a newsletter', params: IdPath, response: ONE } },
    async (request) => ({
      data: newsletterView(demandOwned(await deps.newsletters.find(accountOf(request), request.params.id))),
    }),
  );
}

function writing(app: Api, deps: Deps): void {
  const checks = { url: addressGuard(deps.config.allowedPrivateHosts).faultOf, tasks: deps.tasks };

  app.post(
    '/newsletters',
    {
      schema: {
        tags,
        summary: 'Create a newsletter',
        body: NewNewsletter,
        response: { 201: Data(NewsletterView), ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const fields = await newNewsletter(account, request.body, checks);
      await demandUsable(deps, account, fields);
      const row = await deps.newsletters.create(account, fields, originOf(request));
      deps.engine.notifyNewsletter(row);
      return reply.code(201).send({ data: newsletterView(row) });
    },
  );

  app.patch(
    '/newsletters/:id',
    { schema: { tags, summary: 'Change a newsletter', params: IdPath, body: NewsletterPatch, response: ONE } },
    async (request) => {
      const account = accountOf(request);
      const row = await updateNewsletter(deps, account, request.params.id, async (seen) => {
        const after = await changedNewsletter(account, request.body, seen, checks);
        await demandUsable(deps, account, after);
        return changes(after, request.body.schedule !== undefined);
      });
      return { data: newsletterView(row) };
    },
  );
}

function removing(app: Api, deps: Deps): void {
  app.delete(
    '/newsletters/:id',
    {
      schema: {
        tags,
        summary: 'Delete a newsletter; the campaigns of its issues stay',
        params: IdPath,
        response: { 204: NoContent, ...refusals },
      },
    },
    async (request, reply) => {
      const account = accountOf(request);
      const { id } = request.params;
      demandDone(await deps.newsletters.remove(account, id));
      await deps.issues.deleteAll(account, id);
      await deps.pushedData.delete(account, id);
      deps.engine.notifyNewsletter({ _id: id, account, name: null });
      return reply.code(204).send(null);
    },
  );
}

/** Reads, decides and writes; repeats this if another request wrote first. The Schedule is updated after the response. */
export async function updateNewsletter(
  { newsletters: rows, engine }: Pick<Deps, 'newsletters' | 'engine'>,
  account: number,
  id: number,
  decide: (seen: Newsletter) => Promise<NewsletterChange> | NewsletterChange,
): Promise<Newsletter> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const seen = demandOwned(await rows.find(account, id));
    const after = await rows.change(seen, await decide(seen));
    if (after === null) continue;
    engine.notifyNewsletter(after);
    return after;
  }
  throw new Failure('busy', undefined, 'Other requests are changing the newsletter; try again.');
}

/** The fields that a caller may change; times only if the request has them. */
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

/** Refuses settings with which every issue would fail. */
async function demandUsable(deps: Deps, account: number, fields: NewsletterFields): Promise<void> {
  await referencedList(deps, account, fields.list_id);
  if (fields.template_id !== null) await referencedTemplate(deps, account, fields.template_id);
  if (fields.source.kind === 'ai') await demandDrafting(deps, account);
  if (fields.approval_hours !== null)
    await demandApprovers(deps, { account, approval: newApproval(fields.approval_hours) });
  const keys = fields.test_to.map((email) => parseMailbox(email)?.identity ?? '');
  const known = await deps.members.among(account, keys);
  if (keys.every((key) => known.has(key))) return;
  const sentence = 'The addresses of test_to must be members of the account; see POST /account/members.';
  throw new Failure('receiver_not_a_member', undefined, sentence);
}
