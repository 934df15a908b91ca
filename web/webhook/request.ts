import { createHmac } from 'node:crypto';
import { seconds } from '../../domain/timestamp.js';
import { FORMATS, type WebhookFormat } from '../../domain/webhook/formats.js';
import type { WebRequest } from '../client.js';

export interface WebhookEnvelope {
  readonly url: string;
  readonly format: WebhookFormat;
  /** The event's public id, the same at every attempt: receivers detect repetitions by it. */
  readonly id: string;
  readonly type: string;
  readonly body: string;
  /** Oldest first. */
  readonly secrets: readonly string[];
  readonly at: Date;
}

/** The delivery log shows the first kilobyte of a response. */
const LOGGED_BYTES = 1_024;
const SECRET_PREFIX = 'whsec_';

/** The signed POST of one event. */
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
      // Receivers compare one value, so the old secret signs until it expires.
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

/**
 * Standard Webhooks: HMAC-SHA256 over `id.timestamp.body` with the decoded secret; one signature for each live secret.
 * `at` in seconds.
 */
export function standardSignature(id: string, at: number, body: string, secrets: readonly string[]): string {
  return secrets.map((secret) => `v1,${signed(keyOf(secret), `${id}.${at}.${body}`, 'base64')}`).join(' ');
}

/** HMAC-SHA256 of the body in hex, with the secret as its owner sees it. */
export function bodySignature(body: string, secret: string): string {
  return signed(secret, body, 'hex');
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
}

function signed(key: Buffer | string, text: string, encoding: 'base64' | 'hex'): string {
  return createHmac('sha256', key).update(text).digest(encoding);
}
