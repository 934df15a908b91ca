import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { type RenderedCampaign, storeLetter } from '../../../services/letters/render-letter.js';
import { campaignSender, demandPermittedSender } from '../../../services/sender.js';
import { discardCancelledLaunch } from '../../../services/steer-campaign.js';
import type { Campaign, NewCampaign as Fresh } from '../../../store/campaigns/row.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { originOf } from '../../hooks/idempotency.js';
import { referencedList, referencedTemplate } from '../../references.js';
import { Data, NoContent, Page, refusals } from '../../schema/envelope.js';
import { IdPath } from '../../schema/fields.js';
import { pageMeta, skipOf } from '../../schema/paging.js';
import type { Deps } from '../../wiring.js';
import { demandApprovers, requestedApproval } from './approval.js';
import { cancelDrafting, createDraftedCampaign, demandDrafting } from './drafts/drafting.js';
import { changedContent, futureTime, liquidFaultsOf, newContent, withHtml } from './fields.js';
import { demandSendable, withFindings } from './previews/rendering.js';
import { CampaignPatch, CampaignRow, CampaignSearch, CampaignView, NewCampaign } from './schema.js';
import { type CampaignRef, campaignRefOf, demandRecipients, notifyIfLive, updateCampaign } from './update.js';
import { campaignRowViews, respondWithCampaign } from './view.js';

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
      return { data: await campaignRowViews(deps, account, found), meta: pageMeta(at, total) };
    },
  );

  app.get(
    '/campaigns/:id',
    { schema: { tags, summary: 'Retrieve a campaign', params: IdPath, response: ONE } },
    async (request, reply) => {
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      return respondWithCampaign(deps, reply, row);
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
      const campaign = await createCampaign(deps, accountOf(request), withHtml(request.body), originOf(request));
      return reply.code(201).send(await respondWithCampaign(deps, reply, campaign));
    },
  );

  changeRoutes(app, deps);
}

function changeRoutes(app: Api, deps: Deps): void {
  app.patch(
    '/campaigns/:id',
    { schema: { tags, summary: 'Change a campaign', params: IdPath, body: CampaignPatch, response: ONE } },
    async (request, reply) => {
      const row = await patchCampaign(deps, campaignRefOf(request), withHtml(request.body));
      return respondWithCampaign(deps, reply, row);
    },
  );

  app.delete(
    '/campaigns/:id',
    { schema: { tags, summary: 'Delete a draft', params: IdPath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      const row = await updateCampaign(deps, campaignRefOf(request), 'delete', async (seen) => {
        await discardCancelledLaunch(deps, seen, 'cannot_delete');
        return (await deps.campaigns.remove(seen)) ? seen : null;
      });
      notifyIfLive(deps, row);
      if (row.state === 'drafting') await cancelDrafting(deps, row);
      await deps.drafts.deleteAll(row.account, row._id);
      return reply.code(204).send(null);
    },
  );
}

async function createCampaign(
  deps: Deps,
  account: number,
  body: Static<typeof NewCampaign>,
  origin: string | undefined,
): Promise<Campaign> {
  const list = await referencedList(deps, account, body.list_id);
  const content = newContent(body, list, await liquidFaultsOf(deps, account, body));
  const approval = requestedApproval(body) ?? null;
  if (body.template_id != null) await referencedTemplate(deps, account, body.template_id);
  const at = body.scheduled_at == null ? null : futureTime(body.scheduled_at);
  if (body.ai !== undefined) await demandDrafting(deps, account);
  const goesOut = body.send === true || at !== null;
  const newCampaign = { account, list_id: list._id, ...content, approval, ...(origin !== undefined && { origin }) };
  const rendered = goesOut ? await demandLaunchable(deps, newCampaign, at) : undefined;
  if (body.ai !== undefined) return createDraftedCampaign(deps, newCampaign, body.ai, { send: goesOut, at });
  const draft = await deps.campaigns.create({ _id: await deps.counters.block('campaigns'), ...newCampaign });
  // A campaign found by its Idempotency-Key may have been launched already.
  if (!goesOut || draft.launch > 0) return draft;
  const launched = at === null ? await launchNow(deps, draft, rendered) : await deps.campaigns.schedule(draft, at);
  const row = launched
    ? withFindings(launched, rendered?.findings ?? [])
    : demandOwned(await deps.campaigns.owned(account, draft._id));
  deps.engine.notifyCampaign(row);
  return row;
}

/** The letter that was checked is the one that is sent. */
async function launchNow(
  deps: Deps,
  draft: Campaign,
  rendered: RenderedCampaign | undefined,
): Promise<Campaign | null> {
  const letter = rendered && (await storeLetter(deps, draft, rendered));
  return deps.campaigns.launch(draft, undefined, letter);
}

/** Refuses a request whose launch would be refused; a text that the model has not written yet cannot be checked. */
async function demandLaunchable(
  deps: Deps,
  newCampaign: Omit<Fresh, '_id'>,
  at: Date | null,
): Promise<RenderedCampaign | undefined> {
  await demandApprovers(deps, newCampaign);
  await demandPermittedSender(deps, newCampaign.account, (await campaignSender(deps, newCampaign)).email);
  if (at === null) await demandRecipients(deps, newCampaign);
  return newCampaign.creation_method === 'html' ? demandSendable(deps, newCampaign) : undefined;
}

async function patchCampaign(deps: Deps, ref: CampaignRef, body: Static<typeof CampaignPatch>): Promise<Campaign> {
  const { settings, ...content } = body;
  const action = Object.keys(content).length > 0 ? 'patch_content' : 'patch_settings';
  if (body.list_id !== undefined) await referencedList(deps, ref.account, body.list_id);
  if (body.template_id != null) await referencedTemplate(deps, ref.account, body.template_id);
  const faults = await liquidFaultsOf(deps, ref.account, body);
  const row = await updateCampaign(deps, ref, action, async (seen) => {
    const before = { ...seen.settings, name: seen.name, subject: seen.subject };
    const change = changedContent(body, faults, before, seen.approval);
    const hasTime = seen.state === 'scheduled' || seen.state === 'awaiting_approval';
    if (change.scheduled_at !== undefined && !hasTime) throw notScheduled();
    if (seen.state === 'scheduled') await demandApprovers(deps, { ...seen, ...change });
    return deps.campaigns.edit(seen, change);
  });
  return notifyIfLive(deps, row);
}

function notScheduled(): Failure {
  const sentence = 'The scheduled_at can be changed while the campaign is scheduled; to schedule it, use /schedule.';
  return new Failure('validation_failed', { scheduled_at: [sentence] });
}
