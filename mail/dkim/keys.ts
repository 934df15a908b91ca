import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, verify } from 'node:crypto';
import { promisify } from 'node:util';
import type { DkimAlgorithm } from '../../domain/sender-domain.js';
import { type Signer, signOnPool } from './sign.js';
import { digestOf } from './signature.js';

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
function readPrivateKey(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** RSA keys are published as SPKI (RFC 6376 §3.6.1), ed25519 keys raw (RFC 8463 §4). */
function publishedForm(publicKey: KeyObject): string {
  const wrapped = publicKey.export({ format: 'der', type: 'spki' });
  const shown = publicKey.asymmetricKeyType === 'ed25519' ? wrapped.subarray(-RAW_ED25519) : wrapped;
  return shown.toString('base64');
}

/** The TXT record under `<selector>._domainkey.<domain>`. */
export function dkimRecord({ algorithm, publicKey }: Pick<DkimKeyPair, 'algorithm' | 'publicKey'>): string {
  return `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`;
}

export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** PKCS #8, DER. */
  readonly privateKey: Buffer;
  /** The `p=` of the record, published or not yet. */
  readonly publicKey: string;
}

/** The reason why a key cannot sign; it contains no part of the key. */
export interface BadKey {
  readonly kind: 'bad_signing_key';
  readonly domain: string;
  readonly selector: string;
  readonly reason: string;
}

const SAMPLE = Buffer.from('a sample mail');
const TYPES: Readonly<Record<DkimAlgorithm, string>> = { 'rsa-sha256': 'rsa', 'ed25519-sha256': 'ed25519' };
/** Receivers refuse shorter keys (RFC 8301 §3.2). */
const SHORTEST_RSA = 1_024;

/** Tests a key before it signs mail: reads it, compares it with its public half, signs once and verifies once. */
export async function testedSigner(given: SigningKey): Promise<Signer | BadKey> {
  const { domain, selector, algorithm } = given;
  const bad = (reason: string): BadKey => ({ kind: 'bad_signing_key', domain, selector, reason });
  const key = readKey(given.privateKey);
  if (key === undefined) return bad('The private key cannot be read.');
  const fault = faultOf(key, given);
  if (fault !== undefined) return bad(fault);
  return (await signsAndVerifies(algorithm, key))
    ? { domain, selector, algorithm, key }
    : bad('The key does not sign.');
}

function readKey(der: Buffer): KeyObject | undefined {
  try {
    return readPrivateKey(der);
  } catch {
    return undefined;
  }
}

function faultOf(key: KeyObject, { algorithm, publicKey }: SigningKey): string | undefined {
  const type = key.asymmetricKeyType;
  if (type !== TYPES[algorithm]) return `The key is of type ${type}, not of one for ${algorithm}.`;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < SHORTEST_RSA) return `The key has ${bits} bits; receivers ask for ${SHORTEST_RSA}.`;
  if (publishedForm(createPublicKey(key)) !== publicKey) return 'The private key does not belong to the public one.';
  return undefined;
}

async function signsAndVerifies(algorithm: DkimAlgorithm, key: KeyObject): Promise<boolean> {
  try {
    const digest = digestOf(algorithm);
    return verify(digest, SAMPLE, createPublicKey(key), await signOnPool(digest, SAMPLE, key));
  } catch {
    return false;
  }
}
