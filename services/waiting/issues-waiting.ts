import { now } from '../../clock.js';
import { issueWaiting } from '../../domain/waiting/issue-waiting.js';
import type { Waiting } from '../../domain/waiting/waiting.js';
import type { Issue } from '../../store/newsletters/issues.js';
import type { Stores } from '../../store/stores.js';
import { type CampaignWaitingStores, campaignsWaiting } from './campaigns-waiting.js';

/** What each of an account's issues waits for, by id. A launched issue waits for what its campaign waits for. */
export async function issuesWaiting(
  stores: CampaignWaitingStores & Pick<Stores, 'campaigns'>,
  account: number,
  rows: readonly Issue[],
): Promise<ReadonlyMap<string, Waiting>> {
  const launched = rows.flatMap(({ state, campaign }) => (state === 'launched' && campaign !== null ? [campaign] : []));
  const found = await Promise.all(launched.map((id) => stores.campaigns.find(account, id)));
  const campaigns = found.filter((row) => row !== null);
  const ofCampaigns = await campaignsWaiting(stores, account, campaigns);
  const at = now();
  return new Map(
    rows.flatMap((row) => {
      const waiting = issueWaiting(row, at, ofCampaigns.get(row.campaign ?? 0) ?? null);
      return waiting === null ? [] : [[row._id, waiting]];
    }),
  );
}
