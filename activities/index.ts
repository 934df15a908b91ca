import { type ApprovalDeps, approvalActivities } from './campaign/approval.js';
import { type CampaignDeps, campaignActivities } from './campaign/campaign.js';
import { type ClosingDeps, closingActivities } from './campaign/close.js';
import { type DeliveryDeps, deliveryActivities } from './campaign/delivery.js';
import { type AudienceDeps, audienceActivities } from './campaign/freeze/audience.js';
import { type RenderingDeps, renderingActivities } from './campaign/rendering.js';
import { type DraftSettlingDeps, type DraftWritingDeps, draftSettling, draftWriting } from './draft/draft.js';
import { type MessageGroupDeps, messageGroupActivities } from './message/group.js';
import type { JoinMessage, MessageActivities } from './message/message.js';
import { type IssueLaunchDeps, issueLaunch } from './newsletter/launch.js';
import { type IssuePreparationDeps, issueOpening, issuePreparation } from './newsletter/prepare.js';
import { type NewsletterSweepDeps, scheduleReconciliation } from './newsletter/sweep.js';
import { type ConfirmationDeps, confirmationActivities } from './subscriber/confirmation.js';
import { type SubscriberImportDeps, subscriberImportActivities } from './subscriber/import.js';
import { type SweepDeps, sweepActivities } from './sweep/sweep.js';
import { webhookActivities } from './webhook/delivery.js';
import type { WebhookDeps } from './webhook/pass.js';

export type StepDeps = ApprovalDeps &
  AudienceDeps &
  CampaignDeps &
  ClosingDeps &
  ConfirmationDeps &
  DraftSettlingDeps &
  SweepDeps &
  IssuePreparationDeps &
  IssueLaunchDeps &
  NewsletterSweepDeps &
  RenderingDeps &
  SubscriberImportDeps;
/** Attempts of the message queue outlive their activities; `workers/main.ts` waits for them. */
interface MessageDeps extends Omit<MessageGroupDeps, 'messageSteps'> {
  readonly messageSteps: { readonly activities: MessageActivities; readonly join: JoinMessage; ended(): Promise<void> };
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
    ...sweepActivities(deps),
    ...issuePreparation(deps),
    ...issueLaunch(deps),
    ...issueOpening(deps),
    ...scheduleReconciliation(deps),
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

/** Messages, alone and in groups, on a queue of their own. */
export function messageQueueActivities(deps: MessageDeps) {
  return { ...deps.messageSteps.activities, ...messageGroupActivities(deps) };
}

/** Deliveries to webhook endpoints, on a queue of their own. */
export function hookActivities(deps: WebhookDeps) {
  return webhookActivities(deps);
}

export type Activities = ReturnType<typeof stepActivities> &
  ReturnType<typeof sendActivities> &
  ReturnType<typeof modelActivities> &
  ReturnType<typeof hookActivities> &
  ReturnType<typeof messageQueueActivities>;
