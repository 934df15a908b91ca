import { seconds } from '../timestamp.js';
import { type MessageTold, type Tidings, word } from './tidings.js';

const NAMES: Readonly<Record<string, string>> = {
  'message.opened': 'MessageLoaded',
  'message.clicked': 'MessageLinkClicked',
  'message.sent': 'MessageSent',
  'message.delayed': 'MessageDelayed',
  'message.failed': 'MessageDeliveryFailed',
  'message.held': 'MessageHeld',
};

/** One of the six payloads, in the documented shape; undefined where there is none. */
export function enviePayload(tidings: Tidings): object | undefined {
  const event = NAMES[tidings.type];
  if (event === undefined || tidings.message === undefined) return undefined;
  const timestamp = seconds(tidings.at);
  // The documented MessageSent is the one without a time of its own.
  if (event === 'MessageSent') return { event, payload: { output: word(tidings, 'reply'), ...sent(tidings.message) } };
  return { event, timestamp, payload: payloadOf(event, tidings, tidings.message) };
}

function payloadOf(event: string, tidings: Tidings, message: MessageTold): object {
  const visitor = { ip_address: word(tidings, 'ip'), user_agent: word(tidings, 'user_agent') };
  switch (event) {
    case 'MessageLoaded':
      return { ...visitor, message: whole(message) };
    case 'MessageLinkClicked':
      return { url: word(tidings, 'url'), token: word(tidings, 'token'), ...visitor, message: whole(message) };
    default:
      return { details: detailsOf(event, tidings), output: word(tidings, 'reply'), message: brief(message) };
  }
}

function sent(message: MessageTold): object {
  return { details: 'The mail server has accepted the message.', message: whole(message) };
}

const SENTENCES: Readonly<Record<string, string>> = {
  MessageDelayed: 'The message was not accepted for now and is tried again',
  MessageDeliveryFailed: 'The message cannot be delivered',
  MessageHeld: 'The receiving side blocks the sender for now; the message is held and tried again',
};

function detailsOf(event: string, tidings: Tidings): string {
  const reason = word(tidings, 'class');
  const next = word(tidings, 'next');
  return `${SENTENCES[event]}${next === '' ? '' : ` at ${next}`}${reason === '' ? '' : ` (${reason})`}.`;
}

/** Its time is when the mail was sent, or accepted by us where it was not. */
function brief({ number: id, to, sent_at, created_at, tags: [tag = ''] }: MessageTold) {
  return { id, to, timestamp: seconds(sent_at ?? created_at), tag };
}

function whole(message: MessageTold): object {
  const { id, to, timestamp, tag } = brief(message);
  return { id, to, from: message.from ?? '', timestamp, tag };
}
