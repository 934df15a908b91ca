import { hash } from 'node:crypto';

/** The id of an address in suppressions, soft bounces and opt-outs: SHA-256 of account and identity. */
export function suppressionId(account: number, emailKey: string): string {
  return hash('sha256', `${account}:${emailKey}`, 'base64url');
}
