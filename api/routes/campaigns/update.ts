import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { type CampaignAction, LIVE_STATES, refusalOf } from '../../../domain/campaign/campaign.js';
import { Failure } from '../../../domain/errors.js';
import type { Campaign } from '../../../store/campaigns/campaigns.js';
import { demandETag } from '../../etag.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import { demandQuotaLeft } from '../../quotas.js';
import type { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { etagOf } from './view.js';

const TRIES = 5;

/** Which campaign somebody wants to change. */
export interface CampaignRef {
  readonly account: number;
  readonly id: number;
  /** The `If-Match` of the request: it changes nothing where somebody else has since. */
  readonly ifMatch?: string | undefined;
}

export function campaignRefOf(request: FastifyRequest): CampaignRef {
  const { id } = request.params as Static<typeof IdPath>;
  return { account: accountOf(request), id, ifMatch: request.headers['if-match'] };
}

/** Writes the row as it was seen; null when somebody was faster. */
export type CampaignWrite = (row: Campaign) => Promise<Campaign | null>;

/** Reads, asks the table, writes; whoever was overtaken reads again and decides anew. Wakes nobody. */
export async function updateCampaign(
  { campaigns, recipients }: Pick<Deps, 'campaigns' | 'recipients'>,
  { account, id, ifMatch }: CampaignRef,
  action: CampaignAction | ((row: Campaign) => CampaignAction),
  write: CampaignWrite,
): Promise<Campaign> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const row = demandOwned(await campaigns.owned(account, id));
    demandETag(ifMatch, etagOf(row));
    const anySent = row.state === 'cancelled' && (await recipients.withAnySent(account, [id])).has(id);
    const refusal = refusalOf(typeof action === 'string' ? action : action(row), row.state, anySent);
    if (refusal !== undefined) throw new Failure(refusal);
    const after = await write(row);
    if (after !== null) return after;
  }
  throw new Failure('busy', undefined, 'The campaign is being changed by others; try again.');
}

/** The same, and its workflow reads the row again. */
export async function updateAndNotify(
  deps: Deps,
  ref: CampaignRef,
  action: CampaignAction,
  write: CampaignWrite,
): Promise<Campaign> {
  const row = await updateCampaign(deps, ref, action, write);
  deps.engine.notifyCampaign(row);
  return row;
}

/** After an edit: a campaign that has a workflow is told; one that rests is not. */
export function notifyIfLive({ engine }: Pick<Deps, 'engine'>, row: Campaign): Campaign {
  if (LIVE_STATES.includes(row.state)) engine.notifyCampaign(row);
  return row;
}

/** Nothing to read is nothing to send: a draft may have failed, or have been cancelled. */
export function demandText({ html, text }: Pick<Campaign, 'html' | 'text'>): void {
  if (html !== '' || text !== null) return;
  throw new Failure('validation_failed', { html: ['The campaign has no text yet.'] });
}

/** A list that nobody may be mailed on, or more people than the month has mails left for, is refused before anything changes. */
export async function demandRecipients(
  deps: Pick<Deps, 'subscribers' | 'accounts' | 'usage'>,
  { account, list_id }: Pick<Campaign, 'account' | 'list_id'>,
): Promise<void> {
  const people = await deps.subscribers.countSendable(account, list_id);
  if (people === 0) throw new Failure('no_recipients');
  await demandQuotaLeft(deps, account, 'emails', people);
}

/** A campaign that was cancelled unsent may go out again once nothing of that launch is left. */
export async function discardCancelledLaunch(
  { rounds }: Pick<Deps, 'rounds'>,
  { account, _id, state, round, closed_at }: Campaign,
  otherwise: 'already_sent' | 'cannot_delete',
): Promise<void> {
  if (state !== 'cancelled') return;
  // A freeze under way could still lay pages of the old audience among the new ones.
  if (round >= 0 && closed_at === null) {
    throw new Failure('busy', undefined, 'The campaign is still being cancelled; try again in a moment.');
  }
  if (!(await rounds.deleteUnclaimed(account, _id))) throw new Failure(otherwise);
}
