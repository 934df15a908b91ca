import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';

export interface DkimKeyPair {
  readonly algorithm: DkimAlgorithm;
  /** PKCS #8, DER. */
  readonly privateKey: Buffer;
  /** The `p=` of the record. */
  readonly publicKey: string;
}

const generate = promisify(generateKeyPair);
/** Verifiers support up to 2048 bits (RFC 8301 §3.2), and many DNS forms reject longer records. */
const RSA_BITS = 2_048;
const RAW_ED25519 = 32;

/** Makes a key pair on the thread pool; an RSA key takes a few tenths of a second. */
export async function newKeyPair(algorithm: DkimAlgorithm): Promise<DkimKeyPair> {
  const { privateKey } =
    algorithm === 'rsa-sha256' ? await generate('rsa', { modulusLength: RSA_BITS }) : await generate('ed25519', {});
  return {
    algorithm,
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicKey: publishedForm(createPublicKey(privateKey)),
  };
}

/** Throws if the bytes are not a private key in PKCS #8. */
export function readPrivateKey(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** RSA keys are published as SPKI (RFC 6376 §3.6.1), ed25519 keys raw (RFC 8463 §4). */
export function publishedForm(publicKey: KeyObject): string {
  const wrapped = publicKey.export({ format: 'der', type: 'spki' });
  const shown = publicKey.asymmetricKeyType === 'ed25519' ? wrapped.subarray(-RAW_ED25519) : wrapped;
  return shown.toString('base64');
}

/** The TXT record under `<selector>._domainkey.<domain>`. */
export function dkimRecord({ algorithm, publicKey }: Pick<DkimKeyPair, 'algorithm' | 'publicKey'>): string {
  return `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`;
}
