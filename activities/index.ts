import { type ApprovalDeps, approvalActivities } from './approval.js';
import { type AudienceDeps, audienceActivities } from './audience.js';
import { type CampaignDeps, campaignActivities } from './campaign.js';
import { type ClosingDeps, closingActivities } from './campaign-close.js';
import { type ConfirmationDeps, confirmationActivities } from './confirmation.js';
import { type DeliveryDeps, deliveryActivities } from './delivery.js';
import { type DraftSettlingDeps, type DraftWritingDeps, draftSettling, draftWriting } from './draft.js';
import { type HousekeepingDeps, housekeepingActivities } from './housekeeping.js';
import type { MessageActivities } from './message.js';
import { type IssueGatheringDeps, issueGathering } from './newsletter/gather.js';
import { type IssueLaunchDeps, issueLaunch } from './newsletter/launch.js';
import { type IssueOpeningDeps, issueOpening } from './newsletter/open.js';
import { type NewsletterSweepDeps, scheduleKeeping } from './newsletter/schedule.js';
import { type RenderingDeps, renderingActivities } from './rendering.js';
import { type SubscriberImportDeps, subscriberImportActivities } from './subscriber-import.js';
import type { WebhookDeps } from './webhook/course.js';
import { webhookActivities } from './webhook.js';

export type StepDeps = ApprovalDeps &
  AudienceDeps &
  CampaignDeps &
  ClosingDeps &
  ConfirmationDeps &
  DraftSettlingDeps &
  HousekeepingDeps &
  IssueGatheringDeps &
  IssueLaunchDeps &
  IssueOpeningDeps &
  NewsletterSweepDeps &
  RenderingDeps &
  SubscriberImportDeps;
/** What the queue of messages offers outlives its activities; `workers/main.ts` waits for its end. */
export interface MessageDeps {
  readonly messageSteps: { readonly activities: MessageActivities; ended(): Promise<void> };
}
export type ActivityDeps = StepDeps & DeliveryDeps & DraftWritingDeps & MessageDeps & WebhookDeps;

/** Steps over rows: quick ones, whole audiences, imports. */
export function stepActivities(deps: StepDeps) {
  return {
    ...approvalActivities(deps),
    ...campaignActivities(deps),
    ...closingActivities(deps),
    ...confirmationActivities(deps),
    ...audienceActivities(deps),
    ...draftSettling(deps),
    ...housekeepingActivities(deps),
    ...issueGathering(deps),
    ...issueLaunch(deps),
    ...issueOpening(deps),
    ...scheduleKeeping(deps),
    ...renderingActivities(deps),
    ...subscriberImportActivities(deps),
  };
}

/** The send, on a queue of its own. */
export function sendActivities(deps: DeliveryDeps) {
  return deliveryActivities(deps);
}

/** The language model, on a queue of its own. */
export function modelActivities(deps: DraftWritingDeps) {
  return draftWriting(deps);
}

/** Deliveries to webhook endpoints, on a queue of their own. */
export function hookActivities(deps: WebhookDeps) {
  return webhookActivities(deps);
}

export type Activities = ReturnType<typeof stepActivities> &
  ReturnType<typeof sendActivities> &
  ReturnType<typeof modelActivities> &
  ReturnType<typeof hookActivities> &
  MessageActivities;
