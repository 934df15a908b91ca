import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { type CampaignAction, LIVE_STATES, refusalOf } from '../../../domain/campaign.js';
import { Failure } from '../../../domain/errors.js';
import type { Campaign } from '../../../store/campaigns.js';
import { accountOf } from '../../auth.js';
import type { Deps } from '../../deps.js';
import { ours } from '../../failures.js';
import { demandLeft } from '../../quotas.js';
import { demandTag } from '../../revisions.js';
import type { IdPath } from '../../schemas/fields.js';
import { tagOf } from './view.js';

const TRIES = 5;

/** Which campaign somebody wants to change. */
export interface Which {
  readonly account: number;
  readonly id: number;
  /** The `If-Match` of the request: it changes nothing where somebody else has since. */
  readonly ifMatch?: string | undefined;
}

export function whichOf(request: FastifyRequest): Which {
  const { id } = request.params as Static<typeof IdPath>;
  return { account: accountOf(request), id, ifMatch: request.headers['if-match'] };
}

/** Writes the row as it was seen; null when somebody was faster. */
export type Turn = (row: Campaign) => Promise<Campaign | null>;

/** Reads, asks the table, writes; whoever was overtaken reads again and decides anew. Wakes nobody. */
export async function turned(
  { campaigns, recipients }: Pick<Deps, 'campaigns' | 'recipients'>,
  { account, id, ifMatch }: Which,
  action: CampaignAction | ((row: Campaign) => CampaignAction),
  turn: Turn,
): Promise<Campaign> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const row = ours(await campaigns.owned(account, id));
    demandTag(ifMatch, tagOf(row));
    const anySent = row.state === 'cancelled' && (await recipients.withAnySent(account, [id])).has(id);
    const refusal = refusalOf(typeof action === 'string' ? action : action(row), row.state, anySent);
    if (refusal !== undefined) throw new Failure(refusal);
    const after = await turn(row);
    if (after !== null) return after;
  }
  throw new Failure('busy', undefined, 'The campaign is being changed by others; try again.');
}

/** The same, and its workflow reads the row again. */
export async function steered(deps: Deps, which: Which, action: CampaignAction, turn: Turn): Promise<Campaign> {
  const row = await turned(deps, which, action, turn);
  deps.engine.wakeCampaign(row);
  return row;
}

/** After an edit: a campaign that has a workflow is told; one that rests is not. */
export function woken({ engine }: Pick<Deps, 'engine'>, row: Campaign): Campaign {
  if (LIVE_STATES.includes(row.state)) engine.wakeCampaign(row);
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
  await demandLeft(deps, account, 'emails', people);
}

/** A campaign that was cancelled unsent may go out again once nothing of that launch is left. */
export async function forgetCancelled(
  { rounds }: Pick<Deps, 'rounds'>,
  { account, _id, state, round, closed_at }: Campaign,
  otherwise: 'already_sent' | 'cannot_delete',
): Promise<void> {
  if (state !== 'cancelled') return;
  // A freeze under way could still lay pages of the old audience among the new ones.
  if (round >= 0 && closed_at === null) {
    throw new Failure('busy', undefined, 'The campaign is still being cancelled; try again in a moment.');
  }
  if (!(await rounds.forgetUnclaimed(account, _id))) throw new Failure(otherwise);
}
