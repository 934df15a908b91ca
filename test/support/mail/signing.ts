import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import type { DkimAlgorithm } from '../../../domain/sender-domain.js';
import { type DkimKeyPair, dkimRecord, newKeyPair, type SigningKey, testedSigner } from '../../../mail/dkim/keys.js';
import { type Signer, signedMail } from '../../../mail/dkim/sign.js';
import type { SplicedMail } from '../../../mail/letter/letter.js';

export interface TestKeys {
  readonly signers: readonly Signer[];
  readonly keys: readonly SigningKey[];
  /** TXT records by name. */
  readonly records: ReadonlyMap<string, string>;
}

const ALGORITHMS = ['rsa-sha256', 'ed25519-sha256'] as const;

/** An RSA and an ed25519 key of example.test, tried, and the records they are published in. */
export async function someKeys(): Promise<TestKeys> {
  const pairs = await Promise.all(ALGORITHMS.map((algorithm) => newKeyPair(algorithm)));
  const keys = pairs.map((pair) => signingKey(pair));
  const signers = await Promise.all(keys.map(aSigner));
  const records = new Map(
    pairs.map((pair) => [`${selectorFor(pair.algorithm)}._domainkey.example.test`, dkimRecord(pair)]),
  );
  return { signers, keys, records };
}

function signingKey({ algorithm, privateKey, publicKey }: DkimKeyPair): SigningKey {
  return { domain: 'example.test', selector: selectorFor(algorithm), algorithm, privateKey, publicKey };
}

function selectorFor(algorithm: DkimAlgorithm): string {
  return algorithm === 'rsa-sha256' ? 'one' : 'two';
}

async function aSigner(key: SigningKey): Promise<Signer> {
  const signer = await testedSigner(key);
  if ('kind' in signer) throw new Error(signer.reason);
  return signer;
}

/** What an independent verifier says of each signature, such as `['rsa-sha256 pass', 'ed25519-sha256 pass']`. */
export async function verdicts(mail: Buffer, records: ReadonlyMap<string, string>): Promise<string[]> {
  const { results } = await dkimVerify(mail, { resolver: async (name) => textsOf(records, name) });
  return results.map(({ algo, status }) => `${algo} ${status.result}`);
}

function textsOf(records: ReadonlyMap<string, string>, name: string): string[][] {
  const record = records.get(name);
  if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  return [record.match(/.{1,200}/gs) ?? []];
}

export async function signedBytes(mail: SplicedMail, keys: TestKeys): Promise<Buffer> {
  return Buffer.concat((await signedMail(mail, keys.signers)).chunks);
}

/** The names in `h=` of each signature of a mail. */
export function signedNames(mail: Buffer): string[][] {
  const head = mail.toString('latin1').split('\r\n\r\n')[0] ?? '';
  const unfolded = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return unfolded
    .filter((field) => field.startsWith('DKIM-Signature:'))
    .map((field) => (/ h=([^;]+);/.exec(field)?.[1] ?? '').replaceAll(' ', '').split(':'));
}
