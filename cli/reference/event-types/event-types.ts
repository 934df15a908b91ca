import { DRAFT_EVENTS } from './drafts.js';
import { NEWSLETTER_EVENTS } from './newsletters.js';

/** A type of event, as it is appended. Tests compare this list with the code. */
export interface EventKind {
  readonly type: string;
  readonly when: string;
  /** How `_id` is made; the same id is never appended twice. */
  readonly id: string;
  readonly data: string;
  /** The file that appends it. */
  readonly by: string;
}

const STEERED = 'campaign:<campaign>:v<want.v>:<state>';
const ENTRY = '<campaign>:<launch>:<round>:<page>:<i>';
const ONCE = 'subscriber:<subscriber>:<status>';
const SUBSCRIBER = 'list_id, status';

const steered = (state: string, when: string): EventKind => ({
  type: `campaign.${state}`,
  when,
  id: STEERED,
  data: '–',
  by: 'activities/campaign/campaign.ts',
});
const paused = (when: string, by: string, data = 'reason, detail'): EventKind => ({
  ...steered('paused', when),
  data,
  by,
});
const ended = (state: string, when: string): EventKind => ({
  type: `campaign.${state}`,
  when,
  id: STEERED,
  data: 'subject, emails_sent',
  by: 'activities/campaign/close.ts',
});
const exception = (kind: string, when: string): EventKind => ({
  type: `recipient.${kind}`,
  when,
  id: ENTRY,
  data: 'class, code, reply',
  by: 'activities/campaign/publishing.ts',
});
const message = (type: string, when: string, data = 'message, attempt, class, code, reply, next'): EventKind => ({
  type: `message.${type}`,
  when,
  id: 'message:<message>:<entry of its timeline>',
  data,
  by: 'activities/message/publishing.ts',
});
const subscriber = (type: string, when: string, data = SUBSCRIBER): EventKind => ({
  type: `subscriber.${type}`,
  when,
  id: 'a random UUID',
  data,
  by: 'store/subscribers/changes.ts',
});

const confirmation = (type: string, when: string, by: string): EventKind => ({ ...subscriber(type, when), by });
const VISIT = 'by (person or machine), rule';
const visit = (type: string, when: string, id: string, data: string): EventKind => ({
  type,
  when,
  id,
  data,
  by: 'api/public/tracking/recording.ts',
});
const reported = (type: string, when: string, data: string): EventKind => ({
  type,
  when,
  id: type.startsWith('message') ? 'message:<message>:<what>' : 'recipient:<campaign>:<subscriber>:<what>',
  data,
  by: 'activities/inbound/apply-evidence.ts',
});

export const EVENTS: readonly EventKind[] = [
  steered('draft', 'a scheduled campaign was taken off, or approval was refused or not given in time'),
  steered('awaiting_approval', 'approvers are asked whether it may go out, or asked anew about another text'),
  steered('scheduled', 'it waits for its time, or another time was set'),
  steered('freezing', 'it was launched: the audience is being fixed'),
  steered('sending', 'it goes out, goes on after a pause, or its rate was changed'),
  steered('paused', 'it was paused'),
  paused(
    'it may not go out: `content_blocked`, `quota_exceeded`, `account_suspended` or `account_closed`',
    'activities/campaign/campaign.ts',
    'reason',
  ),
  {
    ...paused('an operator terminated its workflow', 'activities/sweep/sweep.ts', 'reason'),
    id: 'campaign:<campaign>:v<want.v>:stopped',
  },
  paused(
    'nothing may leave in the name of its sender: `bad_signing_key` or `domain_not_verified`',
    'activities/campaign/delivery.ts',
  ),
  paused('the mail server refuses its sender: `auth_failure` or `invalid_sender`', 'activities/campaign/delivery.ts'),
  paused(
    'too many complaints or hard bounces: `complaint_rate` or `bounce_rate`',
    'activities/campaign/reputation.ts',
    'reason, accepted, hard, complaints',
  ),
  steered('cancelled', 'it was cancelled'),
  ended('sent', 'everybody has a final state and at least one mail was accepted'),
  ended('failed', 'everybody has a final state and no mail was accepted'),
  ...DRAFT_EVENTS,
  ...NEWSLETTER_EVENTS,
  exception('failed', 'a mail was refused for good or could not be made'),
  exception('skipped', 'somebody was left out on purpose'),
  exception('deferred', 'a mail was refused for now, or never handed over'),
  exception('uncertain', 'nobody knows whether the mail arrived'),
  {
    type: 'recipient.failed',
    when: 'a deferred recipient ran out of time',
    id: `${ENTRY}:expired`,
    data: 'class, reply',
    by: 'activities/campaign/close.ts',
  },
  {
    type: 'recipient.skipped',
    when: 'a deferred recipient of a cancelled campaign will not be tried again',
    id: `${ENTRY}:cancelled`,
    data: 'class, reply',
    by: 'activities/campaign/close.ts',
  },
  {
    type: 'recipient.sent',
    when: 'late evidence: an uncertain mail did arrive',
    id: `${ENTRY}:late`,
    data: 'class, code',
    by: 'activities/campaign/page/work.ts',
  },
  {
    type: 'recipient.failed',
    when: 'late evidence: an uncertain mail was refused',
    id: `${ENTRY}:late`,
    data: 'class, code',
    by: 'activities/campaign/page/work.ts',
  },
  {
    type: 'message.accepted',
    when: 'a transactional message was accepted and is looked after: it waits for its time, or its first attempt begins',
    id: 'message:<message>:accepted',
    data: 'message, group, role',
    by: 'activities/message/publishing.ts',
  },
  {
    type: 'recipient.sent',
    when: 'late evidence: a person clicked in a mail that was uncertain',
    id: `${ENTRY}:late`,
    data: 'class, code',
    by: 'store/campaigns/uncertain-recipients.ts',
  },
  visit(
    'recipient.opened',
    'the pixel of a mail was fetched',
    'opened:<campaign>:<subscriber>:pixel:<rule or person>:<second>',
    VISIT,
  ),
  visit(
    'recipient.clicked',
    'a link of a mail was followed',
    'clicked:<campaign>:<subscriber>:<link>:<rule or person>:<second>',
    `${VISIT}, link`,
  ),
  {
    type: 'message.unsubscribed',
    when: 'its recipient has left the mails of the API key it was sent with',
    id: 'message:<message>:unsubscribed',
    data: 'message, key',
    by: 'api/public/key-opt-out.ts',
  },
  visit(
    'message.opened',
    'its pixel was fetched',
    'message:<message>:opened:pixel:<rule or person>:<second>',
    `message, ${VISIT}, ip (the network), user_agent, token`,
  ),
  visit(
    'message.clicked',
    'one of its links was followed',
    'message:<message>:clicked:<link>:<rule or person>:<second>',
    `message, ${VISIT}, link, url, ip (the network), user_agent, token`,
  ),
  {
    type: 'recipient.sent',
    when: 'late evidence: a report says that an uncertain mail did arrive',
    id: `${ENTRY}:late`,
    data: 'class, code',
    by: 'activities/inbound/apply-evidence.ts',
  },
  {
    type: 'recipient.failed',
    when: 'late evidence: a report says that an uncertain mail did not arrive',
    id: `${ENTRY}:late`,
    data: 'class, code',
    by: 'activities/inbound/apply-evidence.ts',
  },
  reported('recipient.bounced', 'a mail came back after it had been accepted', 'class, code, reply, hard'),
  reported('recipient.complained', 'the recipient called it spam', 'detail'),
  reported('message.bounced', 'it came back after it had been accepted', 'message, class, code, reply, hard'),
  reported('message.complained', 'the recipient called it spam', 'message, detail'),
  message('sent', 'a transactional message was accepted by the mail server'),
  message('delayed', 'it was refused for now, or never handed over: it is tried again at `next`'),
  message('held', 'it was refused for now because a block list names our server: it is tried again at `next`'),
  message('failed', 'it was refused for good, expired, was suppressed or could not be made'),
  message('uncertain', 'nobody knows whether it arrived; with `next` it is sent once more then'),
  {
    type: 'message.cancelled',
    when: 'it was taken back while it waited',
    id: 'message:<message>:cancelled',
    data: 'message',
    by: 'activities/message/publishing.ts',
  },
  {
    type: 'key.rotation_due',
    when: 'an API key is older than six months: time to exchange it',
    id: 'key:<key>:due',
    data: 'key, name, prefix, created_at',
    by: 'activities/sweep/key-reminders.ts',
  },
  subscriber('created', 'somebody new is on a list'),
  confirmation(
    'pending',
    'somebody was asked by mail whether they want to be on a list',
    'store/confirmations/requests.ts',
  ),
  confirmation('created', 'somebody new has confirmed', 'store/confirmations/confirming.ts'),
  confirmation('reactivated', 'somebody who had left has confirmed', 'store/confirmations/confirming.ts'),
  confirmation('unconfirmed', 'nobody has confirmed in time', 'store/confirmations/confirming.ts'),
  subscriber('updated', 'name, attributes or tags changed'),
  subscriber('reactivated', 'somebody who had left is back'),
  subscriber('unsubscribed', 'somebody left', `${SUBSCRIBER}, by (api, link, one_click, preferences or mail)`),
  { ...subscriber('bounced', 'a hard bounce took the address off'), id: ONCE },
  { ...subscriber('complained', 'a complaint took the address off'), id: ONCE },
  subscriber('erased', 'the person was forgotten'),
  {
    type: 'webhook.disabled',
    when: 'an endpoint answered 410 (`gone`) or nothing well for five days (`failing`)',
    id: 'webhook:<endpoint>:<its last change>:<reason>',
    data: 'webhook, reason',
    by: 'store/webhooks/disabling.ts',
  },
  {
    type: 'webhook.missed',
    when: 'an endpoint stood still for so long that events were forgotten before it got them; it goes on behind them',
    id: 'webhook:<endpoint>:missed:<the place where it stood>',
    data: 'webhook, from, to',
    by: 'activities/webhook/missed-events.ts',
  },
];
