import { Type } from 'typebox';
import { Failure } from '../../../../domain/errors.js';
import { bodyOfDraft } from '../../../../mail/render/blocks.js';
import type { Campaign } from '../../../../store/campaigns/row.js';
import type { Draft, DraftRequest } from '../../../../store/drafts/drafts.js';
import type { Api } from '../../../api.js';
import { accountOf } from '../../../hooks/auth.js';
import { demandOwned } from '../../../hooks/failures.js';
import { originOf } from '../../../hooks/idempotency.js';
import { Data, refusals } from '../../../schema/envelope.js';
import { IdPath } from '../../../schema/fields.js';
import { timestamp } from '../../../timestamp.js';
import type { Deps } from '../../../wiring.js';
import { CampaignView, EmptyBody } from '../schema.js';
import { type CampaignRef, campaignRefOf, notifyIfLive, updateCampaign } from '../update.js';
import { respondWithCampaign } from '../view.js';
import {
  type AiRequest,
  DraftPath,
  type DraftResponse,
  DraftView,
  demandDrafting,
  draftRequestOf,
  NewDraft,
  reserveDraft,
  waitForDraft,
} from './drafting.js';

const tags = ['Campaigns'];

/** Versions of a campaign's text, written by a model. A version replaces the text only when it is chosen. */
export function campaignDrafts(app: Api, deps: Deps): void {
  app.get(
    '/campaigns/:id/drafts',
    {
      schema: {
        tags,
        summary: 'List the drafts of a campaign',
        params: IdPath,
        response: { 200: Data(Type.Array(DraftView)), ...refusals },
      },
    },
    async (request) => {
      const row = demandOwned(await deps.campaigns.owned(accountOf(request), request.params.id));
      const found = await deps.drafts.ofCampaign(row.account, row._id);
      return { data: found.map((draft) => draftView(row, draft)) };
    },
  );

  app.post(
    '/campaigns/:id/drafts',
    {
      schema: {
        tags,
        summary: 'Have another draft written',
        params: IdPath,
        body: NewDraft,
        response: { 201: Data(DraftView), ...refusals },
      },
    },
    async (request, reply) => {
      const [row, draft] = await anotherDraft(deps, campaignRefOf(request), request.body, originOf(request));
      return reply.code(201).send({ data: draftView(row, draft) });
    },
  );

  chooseDraft(app, deps);
}

function chooseDraft(app: Api, deps: Deps): void {
  app.post(
    '/campaigns/:id/drafts/:n/choose',
    {
      schema: {
        tags,
        summary: 'Make a draft the text of its campaign',
        params: DraftPath,
        body: EmptyBody,
        response: { 200: Data(CampaignView), ...refusals },
      },
    },
    async (request, reply) => {
      const row = await applyDraft(deps, campaignRefOf(request), request.params.n);
      return respondWithCampaign(deps, reply, row);
    },
  );
}

type DraftOverrides = Partial<Omit<AiRequest, 'prompt'>> & { readonly prompt?: string | null };

async function anotherDraft(deps: Deps, ref: CampaignRef, body: DraftOverrides, origin: string | undefined) {
  // The campaign does not change yet, but it must be editable.
  const row = await updateCampaign(deps, ref, 'patch_content', async (seen) => seen);
  const last = await deps.drafts.newest(ref.account, ref.id);
  const draftRequest = nextDraftRequest(body, last);
  await demandDrafting(deps, ref.account);
  const draft = await deps.drafts.request(ref.account, ref.id, draftRequest, origin);
  await reserveDraft(deps, draft);
  return [row, (await waitForDraft(deps, { ...row, n: draft.n })) ?? draft] as const;
}

function nextDraftRequest({ prompt, links, source }: DraftOverrides, last: Draft | null): DraftRequest {
  const nextPrompt = prompt ?? last?.prompt;
  if (nextPrompt === undefined) {
    throw new Failure('validation_failed', { prompt: ['The prompt field is required for the first draft.'] });
  }
  const requested = draftRequestOf({
    prompt: nextPrompt,
    links: links ?? [...(last?.links ?? [])],
    source: source ?? last?.source ?? null,
  });
  return { ...requested, given: last?.given ?? { subject: null, preheader: null } };
}

async function applyDraft(deps: Deps, ref: CampaignRef, n: number): Promise<Campaign> {
  const row = await updateCampaign(deps, ref, 'patch_content', async (seen) => {
    const draft = await deps.drafts.find({ account: seen.account, campaign: seen._id, n });
    if (draft === null) throw new Failure('not_found');
    if (draft.state !== 'ready') throw new Failure('draft_not_ready');
    const content = bodyOfDraft(draft);
    return deps.campaigns.edit(seen, { ...content, name: seen.name || content.subject, chosen_draft: n });
  });
  return notifyIfLive(deps, row);
}

function draftView({ chosen_draft }: Campaign, draft: Draft): DraftResponse {
  const { n, state, prompt, links, source, reason, detail, said, voice, calls } = draft;
  const body = draft.text === null ? { subject: null, preheader: null, html: null } : bodyOfDraft(draft);
  return {
    n,
    state,
    chosen: chosen_draft === n,
    prompt,
    links: [...links],
    source,
    subject: body.subject,
    preheader: body.preheader,
    content: body.html,
    reason,
    detail,
    said,
    voice,
    calls: [...calls],
    created_at: timestamp(draft.created_at),
    updated_at: timestamp(draft.updated_at),
  };
}
