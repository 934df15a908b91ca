import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { type CampaignAction, LIVE_STATES } from '../../../domain/campaign/campaign.js';
import { Failure } from '../../../domain/errors.js';
import { demandQuotaLeft } from '../../../services/quotas.js';
import { changeCampaign, type Steered, type Steering, steerCampaign } from '../../../services/steer-campaign.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { demandETag } from '../../etag.js';
import { accountOf } from '../../hooks/auth.js';
import { demandOwned } from '../../hooks/failures.js';
import type { IdPath } from '../../schema/fields.js';
import type { Deps } from '../../wiring.js';
import { etagOf } from './view.js';

/** The campaign that a request is about. */
export interface CampaignRef {
  readonly account: number;
  readonly id: number;
  /** The `If-Match` of the request: a campaign that has changed since is refused. */
  readonly ifMatch?: string | undefined;
}

export function campaignRefOf(request: FastifyRequest): CampaignRef {
  const { id } = request.params as Static<typeof IdPath>;
  return { account: accountOf(request), id, ifMatch: request.headers['if-match'] };
}

function reading({ campaigns }: Pick<Deps, 'campaigns'>, { account, id, ifMatch }: CampaignRef) {
  return async (): Promise<Campaign> => {
    const row = demandOwned(await campaigns.owned(account, id));
    demandETag(ifMatch, etagOf(row));
    return row;
  };
}

/** Changes the campaign where its state allows it; does not notify its workflow. */
export async function updateCampaign(
  deps: Deps,
  ref: CampaignRef,
  action: CampaignAction,
  write: (row: Campaign) => Promise<Campaign | null>,
): Promise<Campaign> {
  return (await changeCampaign(deps, reading(deps, ref), action, write)).row;
}

/** Steers the campaign and notifies its workflow. */
export async function steerAndNotify(
  deps: Deps,
  ref: CampaignRef,
  steering: Steering,
  check?: (row: Campaign) => Promise<void> | void,
): Promise<Steered> {
  const steered = await steerCampaign(deps, { read: reading(deps, ref), ...(check && { check }) }, steering);
  deps.engine.notifyCampaign(steered.row);
  return steered;
}

/** After an edit: notifies the workflow of a campaign that has one. */
export function notifyIfLive({ engine }: Pick<Deps, 'engine'>, row: Campaign): Campaign {
  if (LIVE_STATES.includes(row.state)) engine.notifyCampaign(row);
  return row;
}

/** Refuses a campaign without a text, as after a failed or cancelled draft. */
export function demandText({ html, text }: Pick<Campaign, 'html' | 'text'>): void {
  if (html !== '' || text !== null) return;
  throw new Failure('validation_failed', { html: ['The campaign has no text yet.'] });
}

/** Refuses a list without recipients, and more recipients than the month's quota has left. */
export async function demandRecipients(
  deps: Pick<Deps, 'subscribers' | 'accounts' | 'usage'>,
  { account, list_id }: Pick<Campaign, 'account' | 'list_id'>,
): Promise<void> {
  if (!(await deps.subscribers.hasSendable(account, list_id))) throw new Failure('no_recipients');
  await demandQuotaLeft(deps, account, 'emails', () => deps.subscribers.countSendable(account, list_id));
}
