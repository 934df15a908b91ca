import { hash, sign } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { Signer } from '../sign.js';
import { digestOf, type SignedContent, signedData, signedField, unsignedField } from '../signature.js';

/** Mails to sign with the same keys. A KeyObject is sent as a reference: the key itself is read once in a process. */
export interface SigningJob {
  readonly signers: readonly Signer[];
  readonly time: number;
  readonly mails: readonly (Pick<SignedContent, 'names' | 'header'> & { readonly bodyLength: number })[];
  /** The relaxed bodies, one after another. */
  readonly bodies: Uint8Array;
}

/** The signature fields of each mail, or the reason why the keys cannot sign. */
export type SigningResult =
  | { readonly kind: 'signed'; readonly fields: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

parentPort?.on('message', (job: SigningJob) => parentPort?.postMessage(resultOf(job)));

function resultOf(job: SigningJob): SigningResult {
  try {
    return { kind: 'signed', fields: signatureFields(job) };
  } catch (error) {
    return { kind: 'failed', message: String(error) };
  }
}

function signatureFields({ signers, time, mails, bodies }: SigningJob): readonly string[] {
  let end = 0;
  return mails.map(({ names, header, bodyLength }) => {
    const body = bodies.subarray(end, end + bodyLength);
    end += bodyLength;
    const hashed = { names, bodyHash: hash('sha256', body, 'base64'), time };
    return signers.map((signer) => signatureField(signer, header, hashed)).join('');
  });
}

function signatureField(signer: Signer, header: string, hashed: Parameters<typeof unsignedField>[1]): string {
  const unsigned = unsignedField(signer, hashed);
  const data = signedData(signer, header, unsigned);
  return signedField(unsigned, sign(digestOf(signer.algorithm), data, signer.key));
}
