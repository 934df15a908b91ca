/** All event types; `docs/reference/events.md` describes them, and a test compares the two. */
export const EVENT_TYPES: readonly string[] = [
  'campaign.awaiting_approval',
  'campaign.cancelled',
  'campaign.draft',
  'campaign.failed',
  'campaign.freezing',
  'campaign.held',
  'campaign.paused',
  'campaign.resumed',
  'campaign.scheduled',
  'campaign.sending',
  'campaign.sent',
  'draft.failed',
  'draft.ready',
  'key.rotation_due',
  'message.accepted',
  'message.blocked',
  'message.bounced',
  'message.cancelled',
  'message.clicked',
  'message.complained',
  'message.delayed',
  'message.failed',
  'message.held',
  'message.opened',
  'message.sent',
  'message.uncertain',
  'message.unsubscribed',
  'newsletter.issue_begun',
  'newsletter.issue_failed',
  'newsletter.issue_late',
  'newsletter.issue_launched',
  'newsletter.issue_sent',
  'newsletter.issue_skipped',
  'recipient.bounced',
  'recipient.clicked',
  'recipient.complained',
  'recipient.deferred',
  'recipient.failed',
  'recipient.opened',
  'recipient.sent',
  'recipient.skipped',
  'recipient.uncertain',
  'subscriber.bounced',
  'subscriber.complained',
  'subscriber.created',
  'subscriber.erased',
  'subscriber.pending',
  'subscriber.reactivated',
  'subscriber.unconfirmed',
  'subscriber.unsubscribed',
  'subscriber.updated',
  'webhook.disabled',
  'webhook.missed',
];

/** `*`, a noun as in `campaign.*`, or one type. */
export type EventPattern = string;

/** The types that match a pattern; empty for an unknown pattern. */
export function typesOf(pattern: EventPattern): readonly string[] {
  if (pattern === '*') return EVENT_TYPES;
  if (!pattern.endsWith('.*')) return EVENT_TYPES.filter((type) => type === pattern);
  return EVENT_TYPES.filter((type) => type.startsWith(pattern.slice(0, -1)));
}
