import { seconds, timestamp } from '../../domain/timestamp.js';
import {
  type CampaignSummary,
  type EventPayload,
  type MessageSummary,
  textField,
} from '../../domain/webhook/event-payload.js';
import { ENVIE_EVENTS, type WebhookFormat } from '../../domain/webhook/formats.js';

/** The body of a delivery; undefined where the format has no payload for the event. */
export function deliveryBody(format: WebhookFormat, eventPayload: EventPayload): object | undefined {
  const { id, type, at } = eventPayload;
  switch (format) {
    case 'standard':
      return { type, timestamp: timestamp(at), data: dataOf(eventPayload) };
    case 'maily':
      return { id, event: type, created_at: timestamp(at), data: dataOf(eventPayload) };
    case 'envie':
      return enviePayload(eventPayload);
  }
}

/** The event's subject under its noun (`campaign`, `subscriber`, `message`), and the event's own fields. */
function dataOf({ type, data, campaignId, subscriberId, ...subjects }: EventPayload): object {
  const { message: messageId, subject: _subject, emails_sent: _emailsSent, ...own } = data;
  const { list_id, status, subscribed_at, unsubscribed_at, ...rest } = own;
  const subscriber = {
    ...(subjects.subscriber ?? { id: subscriberId, list_id }),
    ...atItsMoment({ status, subscribed_at, unsubscribed_at }),
  };
  switch (type.split('.')[0]) {
    case 'campaign':
      return { campaign: subjects.campaign ? publicCampaign(subjects.campaign, data) : { id: campaignId }, ...rest };
    case 'subscriber':
      return { subscriber, ...(campaignId !== undefined && { campaign: { id: campaignId } }), ...rest };
    case 'recipient':
      return { campaign: { id: campaignId }, subscriber, ...rest };
    case 'message':
      return {
        ...(messageId !== undefined && {
          message: subjects.message ? publicMessage(momentOf(type, data), subjects.message) : { id: messageId },
        }),
        ...(campaignId !== undefined && { campaign: { id: campaignId } }),
        ...(subscriberId !== undefined && { subscriber }),
        ...rest,
      };
    default:
      return { ...(campaignId !== undefined && { campaign: { id: campaignId } }), ...data };
  }
}

/** The fields of a subscriber that are stored with its event: the row may have changed since. */
function atItsMoment({ status, ...dates }: Readonly<Record<string, unknown>>): object {
  const suppressed = status === 'bounced' || status === 'complained';
  const known = Object.entries({ status, ...dates }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(known), ...(suppressed && { suppressed }) };
}

/** Prefers the count stored with the event over the present count. */
function publicCampaign(campaign: CampaignSummary, { emails_sent }: EventPayload['data']): object {
  return { ...campaign, ...(typeof emails_sent === 'number' && { emails_sent }) };
}

/** The state of a message after each event that changes it. */
const STATES_AFTER: Readonly<Record<string, string>> = {
  'message.accepted': 'accepted',
  'message.delayed': 'deferred',
  'message.blocked': 'deferred',
};

/** Of a message that is held: before its first attempt, or before a later one. */
function momentOf(type: string, { attempt }: EventPayload['data']): string {
  if (type !== 'message.held') return type;
  return attempt === 1 ? 'message.accepted' : 'message.delayed';
}

function publicMessage(type: string, message: MessageSummary): object {
  const { from: _from, created_at, ...shown } = message;
  const { state, sent_at } = asOf(type, message);
  return { ...shown, state, created_at: timestamp(created_at), sent_at: sent_at && timestamp(sent_at) };
}

/** A message that waited at this moment may be sent by now. */
function asOf(type: string, { state, sent_at }: MessageSummary): Pick<MessageSummary, 'state' | 'sent_at'> {
  const then = STATES_AFTER[type];
  return then === undefined ? { state, sent_at } : { state: then, sent_at: null };
}

/** One of the six documented payloads; undefined for other events and for deleted messages. */
function enviePayload(eventPayload: EventPayload): object | undefined {
  const event = ENVIE_EVENTS[eventPayload.type];
  if (event === undefined || eventPayload.message === undefined) return undefined;
  const timestamp = seconds(eventPayload.at);
  // The documented MessageSent has no time of its own.
  if (event === 'MessageSent')
    return { event, payload: { output: textField(eventPayload, 'reply'), ...sent(eventPayload.message) } };
  return { event, timestamp, payload: payloadOf(event, eventPayload, eventPayload.message) };
}

function payloadOf(event: string, eventPayload: EventPayload, message: MessageSummary): object {
  const visitor = { ip_address: textField(eventPayload, 'ip'), user_agent: textField(eventPayload, 'user_agent') };
  switch (event) {
    case 'MessageLoaded':
      return { ...visitor, message: withSender(message) };
    case 'MessageLinkClicked':
      return {
        url: textField(eventPayload, 'url'),
        token: textField(eventPayload, 'token'),
        ...visitor,
        message: withSender(message),
      };
    default:
      return {
        details: detailsOf(event, eventPayload),
        output: textField(eventPayload, 'reply'),
        message: brief({ ...message, ...asOf(eventPayload.type, message) }),
      };
  }
}

function sent(message: MessageSummary): object {
  return { details: 'The mail server has accepted the message.', message: withSender(message) };
}

const SENTENCES: Readonly<Record<string, string>> = {
  MessageDelayed: 'The message was not accepted for now and is tried again',
  MessageDeliveryFailed: 'The message cannot be delivered',
  MessageHeld: 'The receiving side blocks the sender for now; the message is held and tried again',
};

function detailsOf(event: string, eventPayload: EventPayload): string {
  const reason = textField(eventPayload, 'class');
  const next = textField(eventPayload, 'next');
  return `${SENTENCES[event]}${next === '' ? '' : ` at ${next}`}${reason === '' ? '' : ` (${reason})`}.`;
}

/** Its timestamp is the time of sending, or of acceptance if the mail is not sent. */
function brief({ number: id, to, sent_at, created_at, tags: [tag = ''] }: MessageSummary) {
  return { id, to, timestamp: seconds(sent_at ?? created_at), tag };
}

function withSender(message: MessageSummary): object {
  const { id, to, timestamp, tag } = brief(message);
  return { id, to, from: message.from ?? '', timestamp, tag };
}
