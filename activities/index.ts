import { type AudienceDeps, audienceActivities } from './audience.js';
import { type CampaignDeps, campaignActivities } from './campaign.js';
import { type ClosingDeps, closingActivities } from './campaign-close.js';
import { type DeliveryDeps, deliveryActivities } from './delivery.js';
import { type HousekeepingDeps, housekeepingActivities } from './housekeeping.js';
import { type SubscriberImportDeps, subscriberImportActivities } from './subscriber-import.js';

export type StepDeps = AudienceDeps & CampaignDeps & ClosingDeps & HousekeepingDeps & SubscriberImportDeps;
export type ActivityDeps = StepDeps & DeliveryDeps;

/** Steps over rows: quick ones, whole audiences, imports. */
export function stepActivities(deps: StepDeps) {
  return {
    ...campaignActivities(deps),
    ...closingActivities(deps),
    ...audienceActivities(deps),
    ...housekeepingActivities(deps),
    ...subscriberImportActivities(deps),
  };
}

/** The send, on a queue of its own. */
export function sendActivities(deps: DeliveryDeps) {
  return deliveryActivities(deps);
}

export type Activities = ReturnType<typeof stepActivities> & ReturnType<typeof sendActivities>;
