import { createPublicKey, createVerify, type KeyObject } from 'node:crypto';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { type BounceCause, bounceEvidence, delayEvidence } from '../../domain/delivery/provider-evidence.js';
import type { IdentifiedReport } from '../../store/inbound/row.js';
import {
  FORGED,
  isTooOldSecond,
  itemsOf,
  type JsonFields,
  messageIdsIn,
  parseJson,
  textOf,
  timeOf,
  UNREADABLE,
  type WebhookContent,
  type WebhookRequest,
} from './webhook.js';

const SIGNATURE = 'x-twilio-email-event-webhook-signature';
const TIMESTAMP = 'x-twilio-email-event-webhook-timestamp';

/** `bounce_classification`, used where the reply of the other server is inconclusive. */
const CLASSIFICATIONS: Readonly<Record<string, BounceCause>> = {
  'Invalid Address': 'no_mailbox',
  'Mailbox Unavailable': 'full',
  Content: 'content',
  Reputation: 'blocked',
  'Frequency or Volume Too High': 'blocked',
  Technical: 'domain',
};

/** Why SendGrid did not attempt a delivery. */
const DROPPED: readonly (readonly [RegExp, BounceCause])[] = [
  [/^(?:bounced address|invalid)/i, 'no_mailbox'],
  [/spam content/i, 'content'],
];

/** SendGrid's signed event webhook: ECDSA over the timestamp and the raw body. */
export function readSendgrid({ headers, body, settings, at }: WebhookRequest): WebhookContent {
  const timestamp = String(headers[TIMESTAMP] ?? '');
  const signature = String(headers[SIGNATURE] ?? '');
  if (!isSigned(settings.public_key, Buffer.concat([Buffer.from(timestamp), body]), signature)) return FORGED;
  if (isTooOldSecond(timestamp, at)) return FORGED;
  const events = parseJson(body);
  if (!Array.isArray(events)) return UNREADABLE;
  return { kind: 'reports', reports: itemsOf(events).flatMap((event) => reportOf(event, at)) };
}

/** The key as SendGrid shows it: base64 of an SPKI, P-256; undefined for anything else. */
export function sendgridKey(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' ? key : undefined;
  } catch {
    return undefined;
  }
}

function isSigned(publicKey: string | undefined, signedBytes: Buffer, signature: string): boolean {
  const key = publicKey === undefined ? undefined : sendgridKey(publicKey);
  if (key === undefined || signature === '') return false;
  try {
    return createVerify('SHA256').update(signedBytes).verify(key, signature, 'base64');
  } catch {
    return false;
  }
}

function reportOf(event: JsonFields, received: Date): IdentifiedReport[] {
  const id = textOf(event['sg_event_id']);
  const evidence = evidenceOf(event);
  if (id === null || evidence === undefined) return [];
  const messageIds = messageIdsIn(event['smtp-id']);
  const at = timeOf(event['timestamp'], received);
  return [{ id, evidence, at, email: textOf(event['email']), addresses: [], messageIds }];
}

function evidenceOf(event: JsonFields): Evidence | undefined {
  const status = textOf(event['status']);
  const words = textOf(event['reason']) ?? textOf(event['response']);
  switch (event['event']) {
    case 'delivered':
      return { kind: 'delivered' };
    case 'deferred':
      return delayEvidence(status, words);
    case 'spamreport':
      return { kind: 'complained', detail: 'sendgrid: spamreport' };
    case 'unsubscribe':
    case 'group_unsubscribe':
      return { kind: 'left' };
    case 'bounce': {
      const classified = String(event['bounce_classification'] ?? '');
      const takenFor = causeOf(event['type'], classified);
      return bounceEvidence({
        status,
        words,
        rule: `sendgrid:${event['type'] ?? 'bounce'}/${classified}`,
        cause: takenFor,
      });
    }
    case 'dropped':
      return dropped(status, words);
    default:
      return undefined;
  }
}

/** A bounce without a classification is one that SendGrid suppresses: it sends no more mail to the address. */
function causeOf(type: unknown, classification: string): BounceCause {
  if (type === 'blocked') return 'blocked';
  return CLASSIFICATIONS[classification] ?? (classification === '' ? 'no_mailbox' : 'unknown');
}

/** A drop because of SendGrid's own unsubscribe or complaint lists has the cause `unknown`. */
function dropped(status: string | null, words: string | null): Evidence {
  const takenFor = DROPPED.find(([pattern]) => pattern.test(words ?? ''))?.[1] ?? 'unknown';
  return bounceEvidence({ status, words, rule: 'sendgrid:dropped', cause: takenFor });
}
