import { DRAFT_SENTENCES } from '../../../domain/draft.js';
import { Failure } from '../../../domain/errors.js';
import { planOf } from '../../../domain/plan.js';
import type { Drafting } from '../../../store/campaign/drafting.js';
import type { Campaign, NewCampaign } from '../../../store/campaigns.js';
import type { Draft, DraftKey, DraftWish } from '../../../store/drafts.js';
import { draftHolder } from '../../../store/quota/quotas.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { exceeded } from '../../quotas.js';
import type { AiRequest } from '../../schemas/draft.js';

/** Milliseconds a request waits for a text. */
const PATIENCE = 30_000;

export type Then = Omit<Drafting, 'n'>;

/** Whether a model may write for the account, asked before anything is written. */
export async function demandDrafting({ config, accounts }: Pick<Deps, 'config' | 'accounts'>, account: number) {
  if (config.openaiApiKey === undefined) throw new Failure('ai_not_available');
  if (!planOf((await accounts.standing(account)) ?? {}).ai) {
    throw new Failure('ai_not_available', undefined, 'The plan of this account has no drafting by AI; pass html.');
  }
}

/** A campaign that begins with a draft: both rows first, then the wait. Answers it as it is after that. */
export async function draftedCampaign(
  deps: Deps,
  fresh: Omit<NewCampaign, '_id' | 'drafting'>,
  ai: AiRequest,
  then: Then,
): Promise<Campaign> {
  const { account } = fresh;
  const given = { subject: fresh.subject || null, preheader: fresh.preheader };
  const _id = await deps.counters.block('campaigns');
  const { n } = await deps.drafts.ask(account, _id, { ...wishOf(ai), given });
  await demandDraft(deps, { account, campaign: _id, n });
  const forget = () => forgetAsked(deps, { account, campaign: _id, n });
  const row = await deps.campaigns.create({ _id, ...fresh, drafting: { n, ...then } }).catch(async (error: unknown) => {
    if (error instanceof Failure) await forget();
    throw error;
  });
  // An Idempotency-Key has found the campaign it made before: that one counts.
  if (row._id !== _id) await forget();
  const awaited = row._id === _id ? row : await takenUp(deps, row, then);
  if (awaited.state === 'drafting') await written(deps, { ...awaited, n: awaited.drafting?.n ?? n });
  return ours(await deps.campaigns.owned(account, row._id));
}

/** The same request again, after it failed: the draft is asked for once more. */
async function takenUp(deps: Deps, row: Campaign, then: Then): Promise<Campaign> {
  const last = await deps.drafts.newest(row.account, row._id);
  if (row.reason !== 'ai_failed' || row.state !== 'draft' || last === null) return row;
  const { n } = await deps.drafts.ask(row.account, row._id, last);
  await demandDraft(deps, { account: row.account, campaign: row._id, n });
  return (await deps.campaigns.redraft(row, { n, ...then })) ?? row;
}

/** There will be no campaign for it. */
async function forgetAsked({ drafts, quotas }: Deps, draft: DraftKey): Promise<void> {
  await drafts.forget(draft.account, draft.campaign);
  await quotas.settle([{ _id: draftHolder(draft), used: 0 }]);
}

/** Reserves the draft that was just asked for; where the month has none left it is taken back, and nothing has changed. */
export async function demandDraft(deps: Deps, draft: DraftKey): Promise<void> {
  if ((await deps.quotas.reserveDraft(draft.account, draft)) === 'held') return;
  await deps.drafts.takeBack(draft);
  throw await exceeded(deps, draft.account, 'ai_drafts');
}

/** Waits for a text; a failure names the campaign that is kept and what went wrong. Null: it is still being written. */
export async function written(deps: Deps, { account, _id, n }: Pick<Campaign, 'account' | '_id'> & { n: number }) {
  const key = { account, campaign: _id, n };
  await deps.engine.draftWritten(key, PATIENCE);
  const draft = await deps.drafts.find(key);
  if (draft?.state === 'failed') throw failureOf(draft);
  return draft;
}

function failureOf({ campaign, n, reason }: Draft): Failure {
  const said = DRAFT_SENTENCES[reason ?? 'unusable'];
  const sentence = `The draft could not be written: ${said} Campaign ${campaign} is kept; POST /campaigns/${campaign}/drafts tries again.`;
  return new Failure('ai_failed', undefined, sentence, { campaign_id: campaign, draft: n, reason });
}

/** Nobody waits for the draft any more; the call under way is hung up. */
export async function forgetDraft({ drafts, engine }: Pick<Deps, 'drafts' | 'engine'>, row: Campaign): Promise<void> {
  if (row.drafting === undefined) return;
  const key = { account: row.account, campaign: row._id, n: row.drafting.n };
  await drafts.cancel(key);
  engine.cancelDraft(key);
}

export function wishOf({ prompt, links = [], source = null }: AiRequest): Omit<DraftWish, 'given'> {
  return { prompt, links: [...links], source };
}
