import { describe, expect, test } from 'vitest';
import type { EventPayload } from '../../../domain/webhook/event-payload.js';
import { deliveryBody } from '../../../web/webhook/body.js';

const AT = new Date('2026-05-17T10:00:00Z');
const SENT_AT = new Date('2026-05-17T09:59:00Z');
const anEvent = (type: string, over: Partial<EventPayload> = {}): EventPayload => ({
  id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
  type,
  at: AT,
  data: {},
  ...over,
});

const message = {
  id: '01890a5d-ac96-7aa1-8d3c-5a0f3f0f8a11',
  number: 12,
  to: 'ana@example.com',
  from: 'loja@example.com',
  subject: 'Pedido',
  tags: ['pedido', 'loja'],
  metadata: {},
  state: 'sent',
  created_at: new Date('2026-05-17T09:58:00Z'),
  sent_at: SENT_AT,
};

const campaign = {
  id: 7,
  subject: 'Friday Roundup',
  state: 'sent',
  list_id: 1,
  recipient_count: 2104,
  emails_sent: 2100,
  emails_failed: 4,
  emails_uncertain: 0,
};

const subscriber = {
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

describe('maily', () => {
  test('a campaign has its documented fields, with the counts of its end', () => {
    const data = { subject: 'Friday Roundup', emails_sent: 2099 };
    expect(deliveryBody('maily', anEvent('campaign.sent', { campaignId: 7, campaign, data }))).toMatchObject({
      id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
      event: 'campaign.sent',
      created_at: '2026-05-17T10:00:00+00:00',
      data: { campaign: { id: 7, subject: 'Friday Roundup', emails_sent: 2099 } },
    });
  });

  test('a subscriber has the fields of the list endpoint, with the status of the event', () => {
    const left = anEvent('subscriber.unsubscribed', {
      subscriberId: 42,
      subscriber,
      data: { list_id: 1, status: 'unsubscribed', by: 'one_click' },
    });
    expect(deliveryBody('maily', left)).toMatchObject({
      data: { subscriber: { ...subscriber, status: 'unsubscribed' }, by: 'one_click' },
    });
  });

  const documented = (type: string, data: object) => ({
    id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L',
    event: type,
    created_at: '2026-05-17T10:00:00+00:00',
    data,
  });

  test.each(['campaign.sent', 'campaign.failed'])('%s, field by field', (type) => {
    const data = { subject: 'Friday Roundup', emails_sent: 2099 };
    const payload = deliveryBody('maily', anEvent(type, { campaignId: 7, campaign, data }));
    expect(payload).toStrictEqual(documented(type, { campaign: { ...campaign, emails_sent: 2099 } }));
  });

  test.each([
    ['created', 'active'],
    ['unsubscribed', 'unsubscribed'],
    ['bounced', 'bounced'],
    ['complained', 'complained'],
  ])('subscriber.%s, field by field', (what, status) => {
    const type = `subscriber.${what}`;
    const payload = deliveryBody(
      'maily',
      anEvent(type, { subscriberId: 42, subscriber, data: { list_id: 1, status } }),
    );
    const suppressed = status === 'bounced' || status === 'complained';
    expect(payload).toStrictEqual(documented(type, { subscriber: { ...subscriber, status, suppressed } }));
  });

  test('a subscriber has the dates of the moment of the event, also after later changes', () => {
    const joined = '2026-05-17T10:00:00+00:00';
    const left = '2026-05-17T10:00:01+00:00';
    const later = { ...subscriber, status: 'active' as const, subscribed_at: '2026-05-17T10:00:02+00:00' };
    const shownAt = (type: string, data: object) =>
      deliveryBody('maily', anEvent(type, { subscriberId: 42, subscriber: later, data: { list_id: 1, ...data } }));
    expect(
      shownAt('subscriber.unsubscribed', { status: 'unsubscribed', subscribed_at: joined, unsubscribed_at: left }),
    ).toMatchObject({
      data: { subscriber: { status: 'unsubscribed', subscribed_at: joined, unsubscribed_at: left } },
    });
    const gone = { ...later, status: 'unsubscribed' as const, unsubscribed_at: left };
    const created = anEvent('subscriber.created', {
      subscriberId: 42,
      subscriber: gone,
      data: { list_id: 1, status: 'active', subscribed_at: joined, unsubscribed_at: null },
    });
    expect(deliveryBody('maily', created)).toStrictEqual(
      documented('subscriber.created', {
        subscriber: { ...subscriber, status: 'active', subscribed_at: joined, unsubscribed_at: null },
      }),
    );
  });

  test('an erased subscriber has only its number', () => {
    const data = { list_id: 1, status: 'active' };
    const payload = deliveryBody('maily', anEvent('subscriber.erased', { subscriberId: 42, data }));
    expect(payload).toMatchObject({ data: { subscriber: { id: 42, list_id: 1, status: 'active' } } });
  });
});

test('standard has type, timestamp and data', () => {
  const payload = deliveryBody(
    'standard',
    anEvent('message.sent', { message, data: { message: message.id, attempt: 1 } }),
  );
  expect(Object.keys(payload ?? {})).toEqual(['type', 'timestamp', 'data']);
  expect(payload).toMatchObject({
    type: 'message.sent',
    timestamp: '2026-05-17T10:00:00+00:00',
    data: { message: { id: message.id, number: 12, to: 'ana@example.com', state: 'sent' }, attempt: 1 },
  });
});

test.each(['message.delayed', 'message.blocked'])('%s shows a message that waits, also after it was sent', (type) => {
  const payload = deliveryBody('standard', anEvent(type, { message, data: { message: message.id, attempt: 1 } }));
  expect(payload).toMatchObject({ data: { message: { state: 'deferred', sent_at: null } } });
});

describe('the documented payloads of envie', () => {
  const timestamp = AT.getTime() / 1_000;
  const brief = { id: 12, to: 'ana@example.com', timestamp: SENT_AT.getTime() / 1_000, tag: 'pedido' };
  const whole = { ...brief, from: 'loja@example.com' };
  const waiting = { ...brief, timestamp: message.created_at.getTime() / 1_000 };
  const details = expect.any(String);
  const visitor = { ip: '192.0.2.7', user_agent: 'Mozilla' };
  const seen = { ip_address: '192.0.2.7', user_agent: 'Mozilla' };
  const reply = { reply: '250 queued', class: 'greylisted', next: null };

  test.each([
    ['message.opened', visitor, { event: 'MessageLoaded', timestamp, payload: { ...seen, message: whole } }],
    [
      'message.clicked',
      { ...visitor, url: 'https://example.com/', token: 't0k' },
      {
        event: 'MessageLinkClicked',
        timestamp,
        payload: { url: 'https://example.com/', token: 't0k', ...seen, message: whole },
      },
    ],
    ['message.sent', reply, { event: 'MessageSent', payload: { output: '250 queued', details, message: whole } }],
    [
      'message.delayed',
      reply,
      { event: 'MessageDelayed', timestamp, payload: { details, output: '250 queued', message: waiting } },
    ],
    [
      'message.failed',
      reply,
      { event: 'MessageDeliveryFailed', timestamp, payload: { details, output: '250 queued', message: brief } },
    ],
    [
      'message.blocked',
      reply,
      { event: 'MessageHeld', timestamp, payload: { details, output: '250 queued', message: waiting } },
    ],
  ])('%s', (type, data, payload) => {
    expect(deliveryBody('envie', anEvent(type, { message, data }))).toStrictEqual(payload);
  });

  test('other events have no payload', () => {
    expect(deliveryBody('envie', anEvent('campaign.sent', { campaign }))).toBeUndefined();
    expect(deliveryBody('envie', anEvent('message.opened', { campaignId: 7, subscriberId: 42 }))).toBeUndefined();
  });
});
