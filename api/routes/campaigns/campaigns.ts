import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import type { Finding } from '../../../domain/finding.js';
import type { Campaign, NewCampaign as Fresh } from '../../../store/campaigns.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import { chosenList, chosenTemplate } from '../../chosen.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { originOf } from '../../idempotency.js';
import { pageMeta, skipOf } from '../../paging.js';
import { CampaignPatch, CampaignRow, CampaignSearch, CampaignView, NewCampaign } from '../../schemas/campaign.js';
import { Data, Nothing, Page, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { approvalWish, demandApprovers } from './approval.js';
import { demandDrafting, draftedCampaign, forgetDraft } from './drafting.js';
import { changedContent, newContent, timeToCome } from './fields.js';
import { demandSendable, looked } from './rendition.js';
import { demandVerifiedSender } from './sender.js';
import { demandRecipients, forgetCancelled, turned, type Which, whichOf, woken } from './steering.js';
import { allShown, answered } from './view.js';

const tags = ['Campaigns'];
const ONE = { 200: Data(CampaignView), ...refusals };

export function campaigns(app: Api, deps: Deps): void {
  app.get(
    '/campaigns',
    {
      schema: {
        tags,
        summary: 'List campaigns',
        querystring: CampaignSearch,
        response: { 200: Page(CampaignRow), ...refusals },
      },
    },
    async (request) => {
      const account = accountOf(request);
      const { page, per_page, ...search } = request.query;
      const at = { page, per_page };
      const { found, total } = await deps.campaigns.page(account, search, skipOf(at), per_page);
      return { data: await allShown(deps, account, found), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/campaigns/:id',
    { schema: { tags, summary: 'Retrieve a campaign', params: IdPath, response: ONE } },
    async (request, reply) => {
      const row = ours(await deps.campaigns.owned(accountOf(request), request.params.id));
      return answered(deps, reply, row);
    },
  );

  app.post(
    '/campaigns',
    {
      schema: {
        tags,
        summary: 'Create a campaign',
        body: NewCampaign,
        response: { 201: Data(CampaignView), ...refusals },
      },
    },
    async (request, reply) => {
      const campaign = await created(deps, accountOf(request), request.body, originOf(request));
      return reply.code(201).send(await answered(deps, reply, campaign));
    },
  );

  changing(app, deps);
}

function changing(app: Api, deps: Deps): void {
  app.patch(
    '/campaigns/:id',
    { schema: { tags, summary: 'Change a campaign', params: IdPath, body: CampaignPatch, response: ONE } },
    async (request, reply) => {
      const row = await patched(deps, whichOf(request), request.body);
      return answered(deps, reply, row);
    },
  );

  app.delete(
    '/campaigns/:id',
    { schema: { tags, summary: 'Delete a draft', params: IdPath, response: { 204: Nothing, ...refusals } } },
    async (request, reply) => {
      const row = await turned(deps, whichOf(request), 'delete', async (seen) => {
        await forgetCancelled(deps, seen, 'cannot_delete');
        return (await deps.campaigns.remove(seen)) ? seen : null;
      });
      woken(deps, row);
      if (row.state === 'drafting') await forgetDraft(deps, row);
      await deps.drafts.forget(row.account, row._id);
      return reply.code(204).send(null);
    },
  );
}

async function created(
  deps: Deps,
  account: number,
  body: Static<typeof NewCampaign>,
  origin: string | undefined,
): Promise<Campaign> {
  const list = await chosenList(deps, account, body.list_id);
  const content = newContent(body, list);
  const approval = approvalWish(body) ?? null;
  if (body.template_id != null) await chosenTemplate(deps, account, body.template_id);
  const at = body.scheduled_at == null ? null : timeToCome(body.scheduled_at);
  if (body.ai !== undefined) await demandDrafting(deps, account);
  const goesOut = body.send === true || at !== null;
  const fresh = { account, list_id: list._id, ...content, approval, ...(origin !== undefined && { origin }) };
  const findings = goesOut ? await demandLaunchable(deps, fresh, at) : [];
  if (body.ai !== undefined) return draftedCampaign(deps, fresh, body.ai, { send: goesOut, at });
  const draft = await deps.campaigns.create({ _id: await deps.counters.block('campaigns'), ...fresh });
  // Found again by its Idempotency-Key, it may have been launched already.
  if (!goesOut || draft.launch > 0) return draft;
  const wish = at === null ? deps.campaigns.launch(draft) : deps.campaigns.schedule(draft, at);
  const launched = looked(await wish, findings);
  const row = launched ?? ours(await deps.campaigns.owned(account, draft._id));
  deps.engine.wakeCampaign(row);
  return row;
}

/** What would refuse the launch refuses the request; what a model is still to write cannot be looked at yet. */
async function demandLaunchable(deps: Deps, fresh: Omit<Fresh, '_id'>, at: Date | null): Promise<readonly Finding[]> {
  await demandApprovers(deps, fresh);
  await demandVerifiedSender(deps, fresh);
  if (at === null) await demandRecipients(deps, fresh);
  return fresh.creation_method === 'html' ? demandSendable(deps, fresh) : [];
}

async function patched(deps: Deps, which: Which, body: Static<typeof CampaignPatch>): Promise<Campaign> {
  const { settings, ...content } = body;
  const action = Object.keys(content).length > 0 ? 'patch_content' : 'patch_settings';
  if (body.list_id !== undefined) await chosenList(deps, which.account, body.list_id);
  if (body.template_id != null) await chosenTemplate(deps, which.account, body.template_id);
  const row = await turned(deps, which, action, async (seen) => {
    const change = changedContent(body, { ...seen.settings, subject: seen.subject }, seen.approval);
    const hasTime = seen.state === 'scheduled' || seen.state === 'awaiting_approval';
    if (change.scheduled_at !== undefined && !hasTime) throw notScheduled();
    if (seen.state === 'scheduled') await demandApprovers(deps, { ...seen, ...change });
    return deps.campaigns.edit(seen, change);
  });
  return woken(deps, row);
}

function notScheduled(): Failure {
  const sentence = 'The scheduled_at can be changed while the campaign is scheduled; to schedule it, use /schedule.';
  return new Failure('validation_failed', { scheduled_at: [sentence] });
}
