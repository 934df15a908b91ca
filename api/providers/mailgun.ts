import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { type BounceCause, bounceEvidence, delayEvidence } from '../../domain/delivery/provider-evidence.js';
import {
  FORGED,
  fieldsOf,
  isTooOldSecond,
  type JsonFields,
  messageIdsIn,
  parseJson,
  textOf,
  timeOf,
  UNREADABLE,
  type WebhookContent,
  type WebhookRequest,
} from './webhook.js';

/** Mailgun retries for eight hours. */
const MAX_AGE = 12 * 3_600_000;

const REASONS: Readonly<Record<string, BounceCause>> = {
  bounce: 'no_mailbox',
  'suppress-bounce': 'no_mailbox',
  'suppress-complaint': 'blocked',
  'suppress-unsubscribe': 'blocked',
  espblock: 'blocked',
  old: 'expired',
};

/** Mailgun: HMAC-SHA256 over time and token. The body is not signed, so a token counts for one event only. */
export function readMailgun({ body, settings, at }: WebhookRequest): WebhookContent {
  const document = fieldsOf(parseJson(body));
  const { timestamp, token, signature } = fieldsOf(document['signature']) as Record<string, unknown>;
  const [time, secret] = [String(timestamp ?? ''), textOf(token)];
  if (secret === null || !isSigned(settings.signing_key, time + secret, textOf(signature) ?? '')) return FORGED;
  if (isTooOldSecond(time, at, MAX_AGE)) return FORGED;
  const event = fieldsOf(document['event-data']);
  const id = textOf(event['id']);
  if (id === null) return UNREADABLE;
  const evidence = evidenceOf(event);
  const singleUse = { token: secret, event: id };
  if (evidence === undefined) return { kind: 'reports', reports: [], singleUse };
  const headers = fieldsOf(fieldsOf(event['message'])['headers']);
  const report = {
    id,
    evidence,
    at: timeOf(event['timestamp'], at),
    email: textOf(event['recipient']),
    addresses: [textOf(fieldsOf(event['envelope'])['sender']) ?? []].flat(),
    messageIds: messageIdsIn(headers['message-id']),
  };
  return { kind: 'reports', reports: [report], singleUse };
}

function isSigned(key: string | undefined, signedText: string, signature: string): boolean {
  if (key === undefined || !/^[0-9a-f]{64}$/i.test(signature)) return false;
  return timingSafeEqual(createHmac('sha256', key).update(signedText).digest(), Buffer.from(signature, 'hex'));
}

function evidenceOf(event: JsonFields): Evidence | undefined {
  const status = fieldsOf(event['delivery-status']);
  const code = textOf(status['enhanced-code']);
  const text = textOf(status['message']) ?? textOf(status['description']);
  const basic = Number(status['code']);
  const words = text !== null && basic >= 400 && basic < 600 && !/^\d{3}\b/.test(text) ? `${basic} ${text}` : text;
  switch (event['event']) {
    case 'delivered':
      return { kind: 'delivered' };
    case 'complained':
      return { kind: 'complained', detail: 'mailgun: complained' };
    case 'unsubscribed':
      return { kind: 'left' };
    case 'failed': {
      if (event['severity'] === 'temporary') return delayEvidence(code, words);
      const reason = String(event['reason'] ?? '');
      // Codes from 600 on are Mailgun's own: it did not contact the other server.
      const takenFor = basic >= 600 && reason !== 'suppress-bounce' ? 'unknown' : (REASONS[reason] ?? 'unknown');
      return bounceEvidence({ status: code, words, rule: `mailgun:${reason}`, cause: takenFor });
    }
    default:
      return undefined;
  }
}
