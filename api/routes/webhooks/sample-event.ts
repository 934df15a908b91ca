import type { EventPayload } from '../../../domain/webhook/event-payload.js';

/** The payload of a test delivery, about a subscriber and a campaign that do not exist. */
export function sampleEventPayload(id: string, type: string, at: Date): EventPayload {
  const about = { id, type, at };
  switch (type.split('.')[0]) {
    case 'campaign':
      return { ...about, campaignId: CAMPAIGN.id, campaign: CAMPAIGN, data: { subject: CAMPAIGN.subject } };
    case 'subscriber':
      return { ...about, subscriberId: ALICE.id, subscriber: ALICE, data: { list_id: 1, status: statusAfter(type) } };
    case 'recipient': {
      const data = { class: 'invalid_recipient', code: '5.1.1', reply: '550 5.1.1 no such user' };
      return { ...about, campaignId: CAMPAIGN.id, subscriberId: ALICE.id, subscriber: ALICE, data };
    }
    case 'message':
      return { ...about, message: MESSAGE, data: { message: MESSAGE.id, attempt: 1, ...DETAILS } };
    default:
      return { ...about, data: {} };
  }
}

const DETAILS = {
  class: 'accepted',
  code: '2.0.0',
  reply: '250 2.0.0 queued',
  url: 'https://example.com/',
  token: 'sample',
  ip: '192.0.2.1',
  user_agent: 'Mozilla/5.0',
};

const CAMPAIGN = {
  id: 7,
  subject: 'Our new pricing tiers',
  state: 'sent',
  list_id: 1,
  recipient_count: 2104,
  emails_sent: 2099,
  emails_failed: 5,
  emails_uncertain: 0,
};

const ALICE = {
  id: 42,
  list_id: 1,
  email: 'alice@example.com',
  first_name: 'Alice',
  last_name: null,
  status: 'active' as const,
  suppressed: false,
  attributes: {},
  tags: [],
  source: 'api',
  subscribed_at: '2026-05-01T08:13:00+00:00',
  unsubscribed_at: null,
};

const MESSAGE = {
  id: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11',
  number: 12,
  to: 'alice@example.com',
  from: 'news@example.com',
  subject: 'Your code',
  tags: ['code'],
  metadata: {},
  state: 'sent',
  created_at: new Date('2026-05-17T09:59:58Z'),
  sent_at: new Date('2026-05-17T10:00:00Z'),
};

function statusAfter(type: string): string {
  const status = type.slice('subscriber.'.length);
  return ['unsubscribed', 'bounced', 'complained'].includes(status) ? status : 'active';
}
