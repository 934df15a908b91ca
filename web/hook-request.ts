import { seconds } from '../domain/timestamp.js';
import { FORMATS, type WebhookFormat } from '../domain/webhook/formats.js';
import type { Outgoing } from './client.js';
import { bodySignature, standardSignature } from './signatures.js';

export interface HookEnvelope {
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
const KEPT = 1_024;

/** One signed post. */
export function hookRequest(envelope: HookEnvelope): Outgoing {
  const { url, body, format } = envelope;
  const headers = { 'content-type': 'application/json', ...signedHeaders(envelope) };
  return { method: 'POST', url, headers, body, timeout: FORMATS[format].timeout, keep: KEPT };
}

function signedHeaders({ format, id, type, body, secrets, at }: HookEnvelope): Record<string, string> {
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
