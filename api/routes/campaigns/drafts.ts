import { Type } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { bodyOfDraft } from '../../../mail/draft-body.js';
import type { Campaign } from '../../../store/campaigns.js';
import type { Draft, DraftWish } from '../../../store/drafts.js';
import type { Api } from '../../app.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { originOf } from '../../idempotency.js';
import { CampaignView, NoFields } from '../../schemas/campaign.js';
import { type AiRequest, DraftPath, type DraftShown, DraftView, NewDraft } from '../../schemas/draft.js';
import { Data, refusals } from '../../schemas/envelope.js';
import { IdPath } from '../../schemas/fields.js';
import { timestamp } from '../../timestamp.js';
import { demandDraft, demandDrafting, wishOf, written } from './drafting.js';
import { turned, type Which, whichOf, woken } from './steering.js';
import { answered } from './view.js';

const tags = ['Campaigns'];

/** Versions of a campaign's text, written by a model; none replaces what is there until it is chosen. */
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
      const row = ours(await deps.campaigns.owned(accountOf(request), request.params.id));
      const found = await deps.drafts.ofCampaign(row.account, row._id);
      return { data: found.map((draft) => draftShown(row, draft)) };
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
      const [row, draft] = await anotherDraft(deps, whichOf(request), request.body, originOf(request));
      return reply.code(201).send({ data: draftShown(row, draft) });
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
        body: NoFields,
        response: { 200: Data(CampaignView), ...refusals },
      },
    },
    async (request, reply) => {
      const row = await chosen(deps, whichOf(request), request.params.n);
      return answered(deps, reply, row);
    },
  );
}

type Wanted = Partial<Omit<AiRequest, 'prompt'>> & { readonly prompt?: string | null };

async function anotherDraft(deps: Deps, which: Which, body: Wanted, origin: string | undefined) {
  // Nothing of the campaign changes yet; it must only be one that could be changed.
  const row = await turned(deps, which, 'patch_content', async (seen) => seen);
  const last = await deps.drafts.newest(which.account, which.id);
  const wish = nextWish(body, last);
  await demandDrafting(deps, which.account);
  const draft = await deps.drafts.ask(which.account, which.id, wish, origin);
  await demandDraft(deps, draft);
  return [row, (await written(deps, { ...row, n: draft.n })) ?? draft] as const;
}

function nextWish({ prompt, links, source }: Wanted, last: Draft | null): DraftWish {
  const words = prompt ?? last?.prompt;
  if (words === undefined) {
    throw new Failure('validation_failed', { prompt: ['The prompt field is required for the first draft.'] });
  }
  const now = wishOf({
    prompt: words,
    links: links ?? [...(last?.links ?? [])],
    source: source ?? last?.source ?? null,
  });
  return { ...now, given: last?.given ?? { subject: null, preheader: null } };
}

async function chosen(deps: Deps, which: Which, n: number): Promise<Campaign> {
  const row = await turned(deps, which, 'patch_content', async (seen) => {
    const draft = await deps.drafts.find({ account: seen.account, campaign: seen._id, n });
    if (draft === null) throw new Failure('not_found');
    if (draft.state !== 'ready') throw new Failure('draft_not_ready');
    return deps.campaigns.edit(seen, { ...bodyOfDraft(draft), chosen_draft: n });
  });
  return woken(deps, row);
}

function draftShown({ chosen_draft }: Campaign, draft: Draft): DraftShown {
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
