import { expect, test } from 'vitest';
import { EVENT_TYPES } from '../../../domain/event-types.js';
import { fieldsOf } from '../../../domain/events/event-kind.js';
import { EVENTS } from '../../../domain/events/event-kinds.js';
import { ENVIE_EVENTS } from '../../../domain/webhook/formats.js';
import { EVENT_SAMPLES } from '../../../domain/webhook/samples.js';
import { deliveryBody } from '../../../web/webhook/body.js';

const AT = new Date('2026-05-17T10:00:00Z');
const payloadOf = (type: string) => {
  const sample = EVENT_SAMPLES[type];
  if (sample === undefined) throw new Error(`no sample of ${type}`);
  return { id: 'evt_7Hq2mVxT0cZkP4sWn9RbYd3L', type, at: AT, ...sample };
};

/** The fields of the `data` of each kind of a type. */
const documentedFields = (type: string) =>
  EVENTS.filter((kind) => kind.type === type).map((kind) => fieldsOf(kind).toSorted().join());

test('each event type has a sample, and no other', () => {
  expect(Object.keys(EVENT_SAMPLES).sort()).toEqual([...EVENT_TYPES]);
});

test.each(EVENT_TYPES)('the sample of %s has the documented fields', (type) => {
  expect(documentedFields(type)).toContain(Object.keys(payloadOf(type).data).sort().join());
});

test.each([
  ['message.failed', { message: { state: 'failed', sent_at: null }, class: 'invalid_recipient', code: '5.1.1' }],
  ['message.sent', { message: { state: 'sent' }, class: 'accepted' }],
  ['message.delayed', { message: { state: 'deferred', sent_at: null }, next: expect.any(String) }],
  ['message.accepted', { message: { state: 'accepted', sent_at: null }, role: 'to' }],
  ['campaign.awaiting_approval', { campaign: { state: 'awaiting_approval', emails_sent: 0 } }],
  ['campaign.failed', { campaign: { state: 'failed', emails_sent: 0, emails_failed: 2104 } }],
  ['campaign.held', { campaign: { state: 'sending' }, reason: 'transport_unavailable' }],
  ['draft.ready', { campaign: { id: 7 }, draft: 1 }],
  ['newsletter.issue_sent', { campaign: { id: 7 }, newsletter: 3 }],
  ['subscriber.bounced', { subscriber: { status: 'bounced', suppressed: true } }],
  ['subscriber.pending', { subscriber: { status: 'pending', unsubscribed_at: null } }],
])('the sample of %s is a true one', (type, data) => {
  expect(deliveryBody('standard', payloadOf(type))).toMatchObject({ type, data });
});

test('the state of a campaign and the status of a subscriber agree with the type', () => {
  for (const type of EVENT_TYPES) {
    const { campaign, subscriber, message } = payloadOf(type);
    const [noun, what] = type.split('.');
    if (noun === 'campaign' && what !== 'held' && what !== 'resumed') expect(campaign?.state).toBe(what);
    if (noun === 'subscriber') expect(payloadOf(type).data['status']).toBe(subscriber?.status);
    if (noun === 'message') expect(payloadOf(type).data['message']).toBe(message?.id);
  }
});

test('each type of the envie format has its documented payload', () => {
  for (const [type, event] of Object.entries(ENVIE_EVENTS)) {
    expect(deliveryBody('envie', payloadOf(type))).toMatchObject({ event, payload: { message: { id: 12 } } });
  }
});
