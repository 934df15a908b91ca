import { CAMPAIGN_EVENTS } from './campaigns.js';
import type { EventKind } from './event-kind.js';
import { MESSAGE_EVENTS } from './messages.js';
import { RECIPIENT_EVENTS } from './recipients.js';
import { SUBSCRIBER_EVENTS } from './subscribers.js';

export const EVENTS: readonly EventKind[] = [
  ...CAMPAIGN_EVENTS,
  ...RECIPIENT_EVENTS,
  ...MESSAGE_EVENTS,
  ...SUBSCRIBER_EVENTS,
  {
    type: 'key.rotation_due',
    when: 'an API key is older than six months and should be rotated',
    id: 'key:<key>:due',
    data: 'key, name, prefix, created_at',
    by: 'activities/sweep/key-reminders.ts',
  },
  {
    type: 'webhook.disabled',
    when: 'an endpoint answered 410 (`gone`) or had no success for five days (`failing`)',
    id: 'webhook:<endpoint>:<its last change>:<reason>',
    data: 'webhook, reason',
    by: 'store/webhooks/progress.ts',
  },
  {
    type: 'webhook.missed',
    when: 'events expired before a paused or failing endpoint received them; deliveries go on after them',
    id: 'webhook:<endpoint>:missed:<its cursor>',
    data: 'webhook, from, to',
    by: 'activities/webhook/pass.ts',
  },
];
