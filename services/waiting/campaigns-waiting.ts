import { now } from '../../clock.js';
import {
  campaignWaiting,
  needsFacts,
  type SendingFacts,
  type WaitingCampaign,
} from '../../domain/waiting/campaign-waiting.js';
import type { Waiting } from '../../domain/waiting/waiting.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Stores } from '../../store/stores.js';
import { accountRoutes, type RouteStores } from './account-routes.js';

export type CampaignWaitingStores = RouteStores & Pick<Stores, 'ledger'>;
type Row = WaitingCampaign & Pick<Campaign, '_id' | 'account' | 'launch'>;

/** What each of an account's campaigns waits for, by id; those that move, have ended or are drafts are missing. */
export async function campaignsWaiting(
  stores: CampaignWaitingStores,
  account: number,
  rows: readonly Row[],
): Promise<ReadonlyMap<number, Waiting>> {
  const at = now();
  const facts = await factsOf(
    stores,
    account,
    rows.filter((row) => needsFacts(row, at)),
  );
  return new Map(
    rows.flatMap((row) => {
      const waiting = campaignWaiting(row, at, facts.get(row._id));
      return waiting === null ? [] : [[row._id, waiting]];
    }),
  );
}

/** Those that are sending are few: each has its own look at its pages. */
async function factsOf(
  stores: CampaignWaitingStores,
  account: number,
  rows: readonly Row[],
): Promise<ReadonlyMap<number, SendingFacts>> {
  if (rows.length === 0) return new Map();
  const [{ routes }, ...works] = await Promise.all([
    accountRoutes(stores, account, 'bulk'),
    ...rows.map(({ _id: campaign, launch, round }) => stores.ledger.workOn({ account, campaign, launch, round })),
  ]);
  const othersAreSent = works.includes(null) && (await stores.ledger.anyWork());
  return new Map(rows.map(({ _id }, i) => [_id, { routes, othersAreSent, work: works[i] ?? null }]));
}
