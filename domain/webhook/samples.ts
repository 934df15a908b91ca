import type { CampaignState } from '../campaign/campaign.js';
import type { MessageState } from '../message/message.js';
import type { SubscriberStatus } from '../subscriber/subscriber.js';
import type { EventPayload } from './event-payload.js';

/** A payload without its id, type and time. */
type Sample = Omit<EventPayload, 'id' | 'type' | 'at'>;
type Data = EventPayload['data'];

const CAMPAIGN = 7;
const MESSAGE = '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11';
const SUBJECT = 'Our new pricing tiers';
const AT = '2026-05-17T10:00:00+00:00';
const RECIPIENTS = 2104;

/** A campaign in a state, with so many mails accepted and failed. */
function ofCampaign(state: CampaignState, data: Data = {}, sent = 0, failed = 0): Sample {
  const isFrozen = !['draft', 'awaiting_approval', 'scheduled', 'freezing'].includes(state);
  const counts = { emails_sent: sent, emails_failed: failed, emails_uncertain: 0 };
  const recipient_count = isFrozen ? RECIPIENTS : 0;
  const campaign = { id: CAMPAIGN, subject: SUBJECT, state, list_id: 1, recipient_count, ...counts };
  return { campaignId: CAMPAIGN, campaign, data };
}

function alice(status: SubscriberStatus) {
  const hasLeft = status === 'unsubscribed' || status === 'bounced' || status === 'complained';
  return {
    id: 42,
    list_id: 1,
    email: 'alice@example.com',
    first_name: 'Alice',
    last_name: null,
    status,
    suppressed: status === 'bounced' || status === 'complained',
    attributes: {},
    tags: [],
    source: 'api',
    subscribed_at: '2026-05-01T08:13:00+00:00',
    unsubscribed_at: hasLeft ? AT : null,
  };
}

function ofSubscriber(status: SubscriberStatus, more: Data = {}): Sample {
  const { id: subscriberId, list_id, subscribed_at, unsubscribed_at } = alice(status);
  const data = { list_id, status, subscribed_at, unsubscribed_at, ...more };
  return { subscriberId, subscriber: alice(status), data };
}

function ofRecipient(data: Data): Sample {
  return { campaignId: CAMPAIGN, subscriberId: 42, subscriber: alice('active'), data };
}

function ofMessage(state: MessageState, data: Data): Sample {
  const message = {
    id: MESSAGE,
    number: 12,
    to: 'alice@example.com',
    from: 'news@example.com',
    subject: 'Your code',
    tags: ['code'],
    metadata: {},
    state,
    created_at: new Date('2026-05-17T09:59:58Z'),
    sent_at: state === 'sent' ? new Date(AT) : null,
  };
  return { message, data: { message: MESSAGE, ...data } };
}

interface Outcome {
  readonly class: string;
  readonly code: string | null;
  readonly reply: string | null;
}

const ACCEPTED: Outcome = { class: 'accepted', code: '250', reply: '250 2.0.0 queued' };
const UNKNOWN_USER: Outcome = { class: 'invalid_recipient', code: '5.1.1', reply: '550 5.1.1 no such user' };
const LATER: Outcome = { class: 'transient', code: '4.3.0', reply: '451 4.3.0 try again later' };
const LISTED: Outcome = { class: 'ip_blocked', code: '4.7.1', reply: '451 4.7.1 your IP is listed' };
const SILENT: Outcome = { class: 'unknown_outcome', code: null, reply: 'dot: Connection closed by the server' };
const NEXT = '2026-05-17T10:01:00.000Z';
const VISIT = { by: 'person', rule: null };
const VISITOR = { ip: '192.0.2.0', user_agent: 'Mozilla/5.0', token: 'sample' };
const DETAIL = 'connect ECONNREFUSED 192.0.2.1:25';

const attempted = (state: MessageState, outcome: Outcome, next: string | null = null): Sample =>
  ofMessage(state, { attempt: 1, ...outcome, next });

const ISSUE = { issue: '3:2026-05-17T10:00:00Z', newsletter: 3, scheduled_at: '2026-05-17T10:00:00.000Z' };
const ofIssue = (more: Data = {}, campaignId?: number): Sample => ({
  ...(campaignId !== undefined && { campaignId }),
  data: { ...ISSUE, ...more },
});

const CAMPAIGN_SAMPLES: Readonly<Record<string, Sample>> = {
  'campaign.awaiting_approval': ofCampaign('awaiting_approval'),
  'campaign.cancelled': ofCampaign('cancelled', {}, 310, 1),
  'campaign.draft': ofCampaign('draft'),
  'campaign.failed': ofCampaign('failed', { subject: SUBJECT, emails_sent: 0 }, 0, RECIPIENTS),
  'campaign.freezing': ofCampaign('freezing'),
  'campaign.held': ofCampaign('sending', { reason: 'transport_unavailable', detail: DETAIL }, 310, 1),
  'campaign.paused': ofCampaign('paused', {}, 310, 1),
  'campaign.resumed': ofCampaign('sending', { reason: 'transport_unavailable', since: NEXT }, 311, 1),
  'campaign.scheduled': ofCampaign('scheduled'),
  'campaign.sending': ofCampaign('sending'),
  'campaign.sent': ofCampaign('sent', { subject: SUBJECT, emails_sent: 2099 }, 2099, 5),
  'draft.failed': { campaignId: CAMPAIGN, data: { draft: 1, reason: 'refused' } },
  'draft.ready': { campaignId: CAMPAIGN, data: { draft: 1, reason: null } },
  'newsletter.issue_begun': ofIssue({ kind: 'scheduled' }),
  'newsletter.issue_failed': ofIssue({ late: false, seconds_behind: 0 }, CAMPAIGN),
  'newsletter.issue_late': ofIssue(),
  'newsletter.issue_launched': ofIssue({}, CAMPAIGN),
  'newsletter.issue_sent': ofIssue({ late: false, seconds_behind: 0 }, CAMPAIGN),
  'newsletter.issue_skipped': ofIssue({ reason: 'nothing_new', detail: 'The feed has no new items.' }),
  'recipient.bounced': ofRecipient({ ...UNKNOWN_USER, hard: true }),
  'recipient.clicked': ofRecipient({ ...VISIT, link: 1 }),
  'recipient.complained': ofRecipient({ detail: 'abuse' }),
  'recipient.deferred': ofRecipient({ ...LATER }),
  'recipient.failed': ofRecipient({ ...UNKNOWN_USER }),
  'recipient.opened': ofRecipient(VISIT),
  'recipient.sent': ofRecipient({ class: 'clicked', code: null }),
  'recipient.skipped': ofRecipient({ class: 'suppressed', code: null, reply: null }),
  'recipient.uncertain': ofRecipient({ ...SILENT }),
};

/** A payload of each event type, as the type has it: about a campaign, a message and a subscriber that do not exist. */
export const EVENT_SAMPLES: Readonly<Record<string, Sample>> = {
  ...CAMPAIGN_SAMPLES,
  'key.rotation_due': { data: { key: 5, name: 'Server', prefix: 'evp_7Hq2mVxT', created_at: AT } },
  'message.accepted': ofMessage('accepted', { group: MESSAGE, role: 'to' }),
  'message.blocked': attempted('deferred', LISTED, NEXT),
  'message.bounced': ofMessage('sent', { ...UNKNOWN_USER, hard: true }),
  'message.cancelled': ofMessage('cancelled', {}),
  'message.clicked': ofMessage('sent', { ...VISIT, link: 1, url: 'https://example.com/', ...VISITOR }),
  'message.complained': ofMessage('sent', { detail: 'abuse' }),
  'message.delayed': attempted('deferred', LATER, NEXT),
  'message.failed': attempted('failed', UNKNOWN_USER),
  'message.held': ofMessage('accepted', { attempt: 1, reason: 'transport', detail: DETAIL }),
  'message.opened': ofMessage('sent', { ...VISIT, ...VISITOR }),
  'message.sent': attempted('sent', ACCEPTED),
  'message.uncertain': attempted('uncertain', SILENT),
  'message.unsubscribed': ofMessage('sent', { key: 5 }),
  'subscriber.bounced': ofSubscriber('bounced'),
  'subscriber.complained': ofSubscriber('complained'),
  'subscriber.created': ofSubscriber('active'),
  'subscriber.erased': ofSubscriber('unsubscribed'),
  'subscriber.pending': ofSubscriber('pending'),
  'subscriber.reactivated': ofSubscriber('active'),
  'subscriber.unconfirmed': ofSubscriber('pending'),
  'subscriber.unsubscribed': ofSubscriber('unsubscribed', { by: 'one_click' }),
  'subscriber.updated': ofSubscriber('active'),
  'webhook.disabled': { data: { webhook: 1, reason: 'failing' } },
  'webhook.missed': { data: { webhook: 1, from: 118, to: 240 } },
};
