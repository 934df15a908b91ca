import { hash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { now } from '../../clock.js';
import type { SplicedMail } from '../letter/letter.js';
import {
  digestOf,
  type SignatureNames,
  signedContent,
  signedData,
  signedField,
  unsignedField,
  withSignatures,
} from './signature.js';

/** A tested private key (`keys.ts`), and the names under which its public half is published. */
export interface Signer extends SignatureNames {
  readonly key: KeyObject;
}

/** The callback form runs on libuv's thread pool. */
export const signOnPool = promisify(sign) as (digest: 'sha256' | null, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * Adds one signature of each signer to a single finished mail; rejects if one cannot be made. The many mails of a
 * campaign are signed by `threads/pool.ts`.
 */
export async function signedMail(mail: SplicedMail, signers: readonly Signer[]): Promise<SplicedMail> {
  if (signers.length === 0) return mail;
  const { names, header, body } = signedContent(mail);
  const hashed = { names, bodyHash: hash('sha256', Buffer.concat(body), 'base64'), time: signingTime() };
  const fields = signers.map(async (signer) => {
    const unsigned = unsignedField(signer, hashed);
    const data = signedData(signer, header, unsigned);
    return signedField(unsigned, await signOnPool(digestOf(signer.algorithm), data, signer.key));
  });
  return withSignatures(mail, (await Promise.all(fields)).join(''));
}

/** Seconds, for `t=`. */
export function signingTime(): number {
  return Math.floor(now().getTime() / 1_000);
}
