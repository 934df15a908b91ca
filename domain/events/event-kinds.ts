import { CAMPAIGN_EVENTS, RECIPIENT_EVENTS } from './campaigns.js';
import { type EventKind, reported, VISIT, visit } from './event-kind.js';

const PUBLISHING = 'activities/message/publishing.ts';
const ATTEMPT = 'message, attempt, class, code, reply, next';

const message = (type: string, when: string, over: Partial<EventKind> = {}): EventKind => ({
  type: `message.${type}`,
  when,
  id: `message:<message>:${type}`,
  data: 'message',
  by: PUBLISHING,
  ...over,
});
const attempt = (type: string, when: string): EventKind =>
  message(type, when, { id: 'message:<message>:<entry of its timeline>', data: ATTEMPT });

const MESSAGE_EVENTS: readonly EventKind[] = [
  message('accepted', 'a transactional message was accepted: it waits for its send time, or its first attempt begins', {
    data: 'message, group, role',
  }),
  attempt('sent', 'the mail server accepted it'),
  attempt('delayed', 'it was refused temporarily, or never handed over: it is tried again at `next`'),
  message('held', 'it is due and waits for its transport or for a rate; once for each attempt that it waits for', {
    id: 'message:<message>:held:<attempts before>',
    data: 'message, attempt, reason, detail',
  }),
  attempt('blocked', 'it was refused temporarily because a block list names our server: it is tried again at `next`'),
  attempt('failed', 'it was refused permanently, expired, was suppressed or could not be rendered'),
  attempt('uncertain', 'it is not known whether it arrived; with `next` it is sent once more then'),
  message('cancelled', 'it was cancelled before it was sent'),
  message('unsubscribed', 'its recipient opted out of the mails of the API key it was sent with', {
    data: 'message, key',
    by: 'api/public/key-opt-out.ts',
  }),
  visit(
    'message.opened',
    'its tracking pixel was fetched',
    'message:<message>:opened:pixel:<rule or person>:<second>',
    `message, ${VISIT}, ip (the network), user_agent, token`,
  ),
  visit(
    'message.clicked',
    'one of its links was followed',
    'message:<message>:clicked:<link>:<rule or person>:<second>',
    `message, ${VISIT}, link, url, ip (the network), user_agent, token`,
  ),
  reported('message.bounced', 'it bounced after it had been accepted', 'message, class, code, reply, hard'),
  reported('message.complained', 'the recipient reported it as spam', 'message, detail'),
];

const BY_STATUS = 'subscriber:<subscriber>:<status>';
const DATA = 'list_id, status, subscribed_at, unsubscribed_at';
const CONFIRMING = 'store/confirmations/confirmations.ts';
const DEPARTURES = 'store/subscribers/departures.ts';

const subscriber = (type: string, when: string, over: Partial<EventKind> = {}): EventKind => ({
  type: `subscriber.${type}`,
  when,
  id: 'a random UUID',
  data: DATA,
  by: 'store/subscribers/changes.ts',
  ...over,
});

const SUBSCRIBER_EVENTS: readonly EventKind[] = [
  subscriber('created', 'an address was added to a list'),
  subscriber('pending', 'a confirmation mail was requested for an address', { by: 'store/confirmations/requests.ts' }),
  subscriber('created', 'a new address was confirmed', { by: CONFIRMING }),
  subscriber('reactivated', 'a subscriber who had left was confirmed again', { by: CONFIRMING }),
  subscriber('unconfirmed', 'the confirmation expired', { by: CONFIRMING }),
  subscriber('updated', 'name, attributes or tags changed'),
  subscriber('reactivated', 'a subscriber who had left was added again'),
  subscriber('reactivated', 'the suppression of a bounced subscriber was released or expired', { by: DEPARTURES }),
  subscriber('unsubscribed', 'the subscriber left the list', {
    data: `${DATA}, by (api, link, one_click, preferences or mail)`,
    by: DEPARTURES,
  }),
  subscriber('bounced', 'a hard bounce removed the address from the list', { id: BY_STATUS, by: DEPARTURES }),
  subscriber('complained', 'a complaint removed the address from the list', { id: BY_STATUS, by: DEPARTURES }),
  subscriber('erased', 'the personal data of the subscriber was erased', { by: DEPARTURES }),
];

/** Every kind of event; a type has one or several. */
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
    by: 'activities/sweep/sweep.ts',
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
