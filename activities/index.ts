import { type AudienceDeps, audienceActivities } from './audience.js';
import { type CampaignDeps, campaignActivities } from './campaign.js';
import { type ClosingDeps, closingActivities } from './campaign-close.js';
import { type DeliveryDeps, deliveryActivities } from './delivery.js';
import { type HousekeepingDeps, housekeepingActivities } from './housekeeping.js';

export type ActivityDeps = AudienceDeps & CampaignDeps & ClosingDeps & DeliveryDeps & HousekeepingDeps;

/** Steps over rows: quick ones and whole audiences. */
export function stepActivities(deps: Omit<ActivityDeps, keyof DeliveryDeps> & ActivityDeps) {
  return {
    ...campaignActivities(deps),
    ...closingActivities(deps),
    ...audienceActivities(deps),
    ...housekeepingActivities(deps),
  };
}

export { deliveryActivities as sendActivities };

export type Activities = ReturnType<typeof stepActivities> & ReturnType<typeof deliveryActivities>;
