import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

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
  return Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
}

function signed(key: Buffer | string, text: string, encoding: 'base64' | 'hex'): string {
  return createHmac('sha256', key).update(text).digest(encoding);
}
