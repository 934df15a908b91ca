import { seconds } from '../timestamp.js';
import { type EventPayload, type MessageSummary, textField } from './event-payload.js';

const NAMES: Readonly<Record<string, string>> = {
  'message.opened': 'MessageLoaded',
  'message.clicked': 'MessageLinkClicked',
  'message.sent': 'MessageSent',
  'message.delayed': 'MessageDelayed',
  'message.failed': 'MessageDeliveryFailed',
  'message.held': 'MessageHeld',
};

/** One of the six payloads, in the documented shape; undefined where there is none. */
export function enviePayload(eventPayload: EventPayload): object | undefined {
  const event = NAMES[eventPayload.type];
  if (event === undefined || eventPayload.message === undefined) return undefined;
  const timestamp = seconds(eventPayload.at);
  // The documented MessageSent is the one without a time of its own.
  if (event === 'MessageSent')
    return { event, payload: { output: textField(eventPayload, 'reply'), ...sent(eventPayload.message) } };
  return { event, timestamp, payload: payloadOf(event, eventPayload, eventPayload.message) };
}

function payloadOf(event: string, eventPayload: EventPayload, message: MessageSummary): object {
  const visitor = { ip_address: textField(eventPayload, 'ip'), user_agent: textField(eventPayload, 'user_agent') };
  switch (event) {
    case 'MessageLoaded':
      return { ...visitor, message: whole(message) };
    case 'MessageLinkClicked':
      return {
        url: textField(eventPayload, 'url'),
        token: textField(eventPayload, 'token'),
        ...visitor,
        message: whole(message),
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
  return { details: 'The mail server has accepted the message.', message: whole(message) };
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

/** Its time is when the mail was sent, or accepted by us where it was not. */
function brief({ number: id, to, sent_at, created_at, tags: [tag = ''] }: MessageSummary) {
  return { id, to, timestamp: seconds(sent_at ?? created_at), tag };
}

function whole(message: MessageSummary): object {
  const { id, to, timestamp, tag } = brief(message);
  return { id, to, from: message.from ?? '', timestamp, tag };
}
