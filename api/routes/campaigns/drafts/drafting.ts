import { type Static, Type } from 'typebox';
import { planOf } from '../../../../domain/account/plan.js';
import { DRAFT_REASONS, DRAFT_SENTENCES, DRAFT_STATES } from '../../../../domain/draft/draft.js';
import { Failure } from '../../../../domain/errors.js';
import { quotaExceeded } from '../../../../services/quotas.js';
import type { Campaign, Drafting, NewCampaign } from '../../../../store/campaigns/row.js';
import type { Draft, DraftKey, DraftRequest } from '../../../../store/drafts/drafts.js';
import { draftHolder } from '../../../../store/quotas/quotas.js';
import { demandOwned } from '../../../hooks/failures.js';
import { closed, Id, nullable, Patterned, Timestamp } from '../../../schema/fields.js';
import type { Deps } from '../../../wiring.js';

/** Milliseconds that a request waits for the text. */
const DRAFT_WAIT_MS = 30_000;

export type AfterDraft = Omit<Drafting, 'n'>;

/** Refuses a draft where no model may write for the account, before any write. */
export async function demandDrafting({ config, accounts }: Pick<Deps, 'config' | 'accounts'>, account: number) {
  if (config.openaiApiKey === undefined) throw new Failure('ai_not_available');
  if (!planOf((await accounts.status(account)) ?? {}).ai) {
    throw new Failure('ai_not_available', undefined, 'The plan of this account has no drafting by AI; pass html.');
  }
}

/** Creates a campaign that begins with a draft: writes both rows, then waits for the text. Returns the campaign after the wait. */
export async function createDraftedCampaign(
  deps: Deps,
  newCampaign: Omit<NewCampaign, '_id' | 'drafting'>,
  ai: AiRequest,
  afterDraft: AfterDraft,
): Promise<Campaign> {
  const { account } = newCampaign;
  const given = { subject: newCampaign.subject || null, preheader: newCampaign.preheader };
  const _id = await deps.counters.block('campaigns');
  const { n } = await deps.drafts.request(account, _id, { ...draftRequestOf(ai), given });
  await reserveDraft(deps, { account, campaign: _id, n });
  const discard = () => discardDrafts(deps, { account, campaign: _id, n });
  const row = await deps.campaigns
    .create({ _id, ...newCampaign, drafting: { n, ...afterDraft } })
    .catch(async (error: unknown) => {
      if (error instanceof Failure) await discard();
      throw error;
    });
  // The Idempotency-Key belongs to an earlier campaign: discard this draft.
  if (row._id !== _id) await discard();
  const awaited = row._id === _id ? row : await redraftFailed(deps, row, afterDraft);
  if (awaited.state === 'drafting') await waitForDraft(deps, { ...awaited, n: awaited.drafting?.n ?? n });
  return demandOwned(await deps.campaigns.owned(account, row._id));
}

/** A repeated request after a failed draft: requests the draft again. */
async function redraftFailed(deps: Deps, row: Campaign, afterDraft: AfterDraft): Promise<Campaign> {
  const last = await deps.drafts.newest(row.account, row._id);
  if (row.reason !== 'ai_failed' || row.state !== 'draft' || last === null) return row;
  const { n } = await deps.drafts.request(row.account, row._id, last);
  await reserveDraft(deps, { account: row.account, campaign: row._id, n });
  return (await deps.campaigns.restartDrafting(row, { n, ...afterDraft })) ?? row;
}

/** Deletes the draft of a campaign that was not created. */
async function discardDrafts({ drafts, quotas }: Deps, draft: DraftKey): Promise<void> {
  await drafts.deleteAll(draft.account, draft.campaign);
  await quotas.settle([{ _id: draftHolder(draft), used: 0 }]);
}

/** Reserves quota for a requested draft; where the month's quota is used up, deletes the draft and refuses. */
export async function reserveDraft(deps: Deps, draft: DraftKey): Promise<void> {
  if ((await deps.quotas.reserveDraft(draft.account, draft)) === 'held') return;
  await deps.drafts.deleteWaiting(draft);
  throw await quotaExceeded(deps, draft.account, 'ai_drafts');
}

/** Waits for the text; a failure contains the id of the kept campaign and the reason. Null: the draft is not finished yet. */
export async function waitForDraft(deps: Deps, { account, _id, n }: Pick<Campaign, 'account' | '_id'> & { n: number }) {
  const key = { account, campaign: _id, n };
  await deps.engine.startDraftAndWait(key, DRAFT_WAIT_MS);
  const draft = await deps.drafts.find(key);
  if (draft?.state === 'failed') throw failureOf(draft);
  return draft;
}

function failureOf({ campaign, n, reason, detail }: Draft): Failure {
  const cause = DRAFT_SENTENCES[reason ?? 'unusable'];
  const said = detail === null || cause.includes(detail) ? '' : ` The last error: ${detail.replace(/[.\s]+$/, '')}.`;
  const sentence = `The draft could not be written: ${cause}${said} Campaign ${campaign} is kept; POST /campaigns/${campaign}/drafts tries again.`;
  return new Failure('ai_failed', undefined, sentence, { campaign_id: campaign, draft: n, reason, detail });
}

/** Cancels a draft that is not needed any more, with its open call to the model. */
export async function cancelDrafting(
  { drafts, engine }: Pick<Deps, 'drafts' | 'engine'>,
  row: Campaign,
): Promise<void> {
  if (row.drafting === undefined) return;
  const key = { account: row.account, campaign: row._id, n: row.drafting.n };
  await drafts.cancel(key);
  engine.cancelDraft(key);
}

export function draftRequestOf({ prompt, links = [], source = null }: AiRequest): Omit<DraftRequest, 'given'> {
  return { prompt, links: [...links], source };
}

const Link = Patterned('^https?://[^\\s<>"]+$', 'must be an http:// or https:// URL', { maxLength: 2_000 });

const Prompt = Type.String({ minLength: 5, maxLength: 2000 });
const Links = Type.Array(Link, { maxItems: 20, description: 'Links the draft may use, besides those in the prompt.' });
const Source = Type.String({
  minLength: 1,
  maxLength: 20_000,
  description: 'External text to write about. The model follows no instructions in it and uses none of its links.',
});

export const Ai = Type.Object(
  { prompt: Prompt, links: Type.Optional(Links), source: Type.Optional(nullable(Source)) },
  closed,
);

export const NewDraft = Type.Object(
  {
    prompt: Type.Optional(nullable(Prompt)),
    links: Type.Optional(Links),
    source: Type.Optional(nullable(Source)),
  },
  {
    ...closed,
    description: 'Omitted fields keep the value of the previous version.',
    examples: [{ prompt: 'The same, half as long.' }],
  },
);

export const DraftPath = Type.Object({ id: Id, n: Type.Integer({ minimum: 1, maximum: 1_000_000 }) });

const Call = Type.Object({
  model: Type.String(),
  outcome: Type.String(),
  prompt_version: Type.String(),
  input_tokens: Type.Integer(),
  cached_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  estimated: Type.Boolean(),
  latency_ms: Type.Integer(),
  price_version: Type.String(),
  cost_micros: nullable(Type.Integer({ description: 'Millionths of a US dollar; null: the price is unknown.' })),
  request_id: nullable(Type.String()),
});

export const DraftView = Type.Object(
  {
    n: Type.Integer(),
    state: Type.Enum([...DRAFT_STATES]),
    chosen: Type.Boolean({ description: 'This version is the text of the campaign.' }),
    prompt: Type.String(),
    links: Type.Array(Type.String()),
    source: nullable(Type.String()),
    subject: nullable(Type.String()),
    preheader: nullable(Type.String()),
    content: nullable(Type.String()),
    reason: nullable(Type.String({ enum: [...DRAFT_REASONS] })),
    detail: nullable(Type.String()),
    said: nullable(Type.String({ description: 'The last unusable answer of the model.' })),
    voice: nullable(Type.String({ description: 'Hash of the brand voice of this version.' })),
    calls: Type.Array(Call, { description: 'Tokens and cost of each call to the model.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  {
    examples: [
      {
        n: 1,
        state: 'ready',
        chosen: true,
        prompt: 'Announce our new pricing tiers and free 14-day trial.',
        links: [],
        source: null,
        subject: 'Our new pricing tiers',
        preheader: 'Plus a free 14-day trial — start anytime.',
        content: '<p>...</p>',
        reason: null,
        detail: null,
        said: null,
        voice: '9f2c…',
        calls: [
          {
            model: 'gpt-4.1-mini',
            outcome: 'answer',
            prompt_version: '5d41402abc4b',
            input_tokens: 812,
            cached_tokens: 0,
            output_tokens: 204,
            estimated: false,
            latency_ms: 2140,
            price_version: '2026-11',
            cost_micros: 651,
            request_id: 'req_7f3a',
          },
        ],
        created_at: '2026-05-15T08:59:47+00:00',
        updated_at: '2026-05-15T08:59:50+00:00',
      },
    ],
  },
);

export type AiRequest = Static<typeof Ai>;
export type DraftResponse = Static<typeof DraftView>;
