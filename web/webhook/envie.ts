import { seconds } from '../../domain/timestamp.js';
import { type EventPayload, type MessageSummary, textField } from '../../domain/webhook/event-payload.js';
import { ENVIE_EVENTS } from '../../domain/webhook/formats.js';

/** One of the six documented payloads; undefined for other events and for deleted messages. */
export function enviePayload(eventPayload: EventPayload): object | undefined {
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
        message: brief(message),
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
