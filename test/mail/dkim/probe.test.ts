import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { newKeyPair, type SigningKey, testedSigner } from '../../../mail/dkim/keys.js';
import { signedMail } from '../../../mail/dkim/sign.js';
import { aMail } from '../../support/mail/letters.js';
import { someKeys, type TestKeys } from '../../support/mail/signing.js';

let keys: TestKeys;
beforeAll(async () => {
  keys = await someKeys();
});

const shortRsa = () =>
  generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({ format: 'der', type: 'pkcs8' });

test.each<[string, (rsa: SigningKey, ed25519: SigningKey) => Promise<Partial<SigningKey>>, string]>([
  ['garbage', async () => ({ privateKey: Buffer.from('garbage') }), 'The private key cannot be read.'],
  ['empty', async () => ({ privateKey: Buffer.alloc(0) }), 'The private key cannot be read.'],
  [
    'an ed25519 key declared as RSA',
    async (_, { privateKey }) => ({ privateKey }),
    'The key is of type ed25519, not of one for rsa-sha256.',
  ],
  ['too short', async () => ({ privateKey: shortRsa() }), 'The key has 512 bits; receivers ask for 1024.'],
  [
    'not the published one',
    async () => ({ privateKey: (await newKeyPair('rsa-sha256')).privateKey }),
    'The private key does not belong to the public one.',
  ],
])('a key that is %s is refused with its name before it signs', async (_, change, reason) => {
  const [rsa, ed25519] = keys.keys;
  if (rsa === undefined || ed25519 === undefined) throw new Error('no keys');
  const bad = await testedSigner({ ...rsa, ...(await change(rsa, ed25519)) });
  expect(bad).toEqual({ kind: 'bad_signing_key', domain: 'example.test', selector: 'one', reason });
});

test('a failed signature fails the mail; no unsigned mail is sent', async () => {
  const [rsa, ed25519] = keys.signers;
  if (rsa === undefined || ed25519 === undefined) throw new Error('no keys');
  await expect(signedMail(aMail(), [ed25519, { ...rsa, algorithm: 'ed25519-sha256' }])).resolves.toBeDefined();
  await expect(signedMail(aMail(), [rsa, { ...ed25519, algorithm: 'rsa-sha256' }])).rejects.toThrow();
});
