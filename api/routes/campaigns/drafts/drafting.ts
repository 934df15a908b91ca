import { planOf } from '../../../../domain/account/plan.js';
import { DRAFT_SENTENCES } from '../../../../domain/draft/draft.js';
import { Failure } from '../../../../domain/errors.js';
import { quotaExceeded } from '../../../../services/quotas.js';
import type { Campaign, Drafting, NewCampaign } from '../../../../store/campaigns/row.js';
import type { Draft, DraftKey, DraftRequest } from '../../../../store/drafts/drafts.js';
import { draftHolder } from '../../../../store/quotas/quotas.js';
import { demandOwned } from '../../../hooks/failures.js';
import type { Deps } from '../../../wiring.js';
import type { AiRequest } from './schema.js';

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

function failureOf({ campaign, n, reason }: Draft): Failure {
  const cause = DRAFT_SENTENCES[reason ?? 'unusable'];
  const sentence = `The draft could not be written: ${cause} Campaign ${campaign} is kept; POST /campaigns/${campaign}/drafts tries again.`;
  return new Failure('ai_failed', undefined, sentence, { campaign_id: campaign, draft: n, reason });
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
