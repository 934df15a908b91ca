import { type CampaignSpeed, speedOf } from '../domain/campaign/speed.js';
import { rateOf } from '../domain/transport.js';
import type { Waiting } from '../domain/waiting/waiting.js';
import type { Campaign } from '../store/campaigns/row.js';
import type { Stores } from '../store/stores.js';
import { accountRoutes, type RouteStores } from './waiting/account-routes.js';

export type CampaignSpeedStores = RouteStores & Pick<Stores, 'campaignSpeed'>;

/** How fast a campaign is sent, and what limits it; while it is paused, the reason. Null before its sending and after its end. */
export async function campaignSpeed(
  stores: CampaignSpeedStores,
  { account, _id: campaign, launch, round, state, want, settings }: Campaign,
  waiting: Waiting | null,
): Promise<CampaignSpeed | null> {
  if (state !== 'sending' && state !== 'paused') return null;
  const [recent, { rates: shared }] = await Promise.all([
    stores.campaignSpeed.recent({ account, campaign, launch, round }),
    accountRoutes(stores, account, 'bulk'),
  ]);
  const rates = [...rateOf(`campaign:${campaign}`, want.rate ?? settings.rate_per_second), ...shared];
  const isUsedUp = (await stores.tokenBuckets.usedUp(rates)) !== undefined;
  return speedOf({ recent, waiting, rates, isUsedUp });
}
