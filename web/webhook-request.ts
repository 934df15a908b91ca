import { seconds } from '../domain/timestamp.js';
import { FORMATS, type WebhookFormat } from '../domain/webhook/formats.js';
import type { WebRequest } from './client.js';
import { bodySignature, standardSignature } from './webhook-signatures.js';

export interface WebhookEnvelope {
  readonly url: string;
  readonly format: WebhookFormat;
  /** The event's public id: the same at every attempt, so that a receiver knows a repetition. */
  readonly id: string;
  readonly type: string;
  readonly body: string;
  /** The oldest first. */
  readonly secrets: readonly string[];
  readonly at: Date;
}

/** What is read of an answer: its log shows the first kilobyte. */
const LOGGED_BYTES = 1_024;

/** One signed post. */
export function webhookRequest(envelope: WebhookEnvelope): WebRequest {
  const { url, body, format } = envelope;
  const headers = { 'content-type': 'application/json', ...signedHeaders(envelope) };
  return { method: 'POST', url, headers, body, timeout: FORMATS[format].timeout, maxBytes: LOGGED_BYTES };
}

function signedHeaders({ format, id, type, body, secrets, at }: WebhookEnvelope): Record<string, string> {
  if (format === 'maily') {
    const [first = '', next] = secrets;
    return {
      'X-Maily-Event': type,
      'X-Maily-Delivery-Id': id,
      // Receivers compare one value: until the old secret ends it is the old one's.
      'X-Maily-Signature': bodySignature(body, first),
      ...(next !== undefined && { 'X-Maily-Signature-Next': bodySignature(body, next) }),
    };
  }
  const timestamp = seconds(at);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standardSignature(id, timestamp, body, secrets),
  };
}
