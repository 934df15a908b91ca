import { afterAll, beforeAll, expect, test } from 'vitest';
import { dkimRecord, newKeyPair } from '../../mail/dkim/keys.js';
import { dkimName } from '../../mail/dns/checks.js';
import { signing } from '../../services/signing.js';
import { domains, type NewDomainKey, type SenderDomain } from '../../store/domains/domains.js';
import { openStore, type Store } from '../../store/mongo/connect.js';
import { aMail } from '../support/mail/letters.js';
import { verdicts } from '../support/mail/signing.js';
import { type TestDatabase, testDatabase } from '../support/servers/test-servers.js';

const SECRET = 'a secret for the tests';
const ACCOUNT = 3;
let database: TestDatabase;
let store: Store;
let keys: NewDomainKey[];
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  const pairs = await Promise.all([newKeyPair('rsa-sha256'), newKeyPair('ed25519-sha256')]);
  keys = pairs.map((pair) => ({ ...pair, selector: `s-${pair.algorithm}` }));
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

function theSigning(requireVerifiedDomains = false, secret = SECRET) {
  return signing({ domains: domains(store, secret), config: { requireVerifiedDomains } });
}

async function aDomain(name: string, given = keys): Promise<SenderDomain> {
  const row = await domains(store, SECRET).create(ACCOUNT, name, given);
  if (row === 'exists') throw new Error('exists');
  return row;
}

const FROM = { from: { name: null, email: 'News@Signed.Example' } };

test('a finished mail is signed with the keys of its sender’s domain in any spelling', async () => {
  await aDomain('signed.example');
  const mail = await theSigning().signed(ACCOUNT, aMail({}, FROM));
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  const records = new Map(keys.map((key) => [dkimName(key.selector, 'signed.example'), dkimRecord(key)]));
  expect(await verdicts(Buffer.concat(mail.chunks), records)).toEqual(['rsa-sha256 pass', 'ed25519-sha256 pass']);
});

test('without a domain of the account a mail is not signed, even if another account has keys', async () => {
  await aDomain('theirs.example');
  const mail = aMail({}, { from: { name: null, email: 'news@theirs.example' } });
  expect(await theSigning().signed(ACCOUNT + 1, mail)).toBe(mail);
});

test('if only verified domains may send, the refusal names the domain', async () => {
  await aDomain('pending.example');
  const mail = aMail({}, { from: { name: null, email: 'news@pending.example' } });
  for (const account of [ACCOUNT, ACCOUNT + 1]) {
    expect(await theSigning(true).signed(account, mail)).toMatchObject({
      kind: 'unrenderable',
      class: 'domain_not_verified',
      reason: 'The domain pending.example is not verified.',
    });
  }
});

test('a message with a bad key fails with bad_signing_key', async () => {
  const garbage = keys.map((key) => ({ ...key, privateKey: Buffer.from('garbage') }));
  await aDomain('garbage.example', garbage);
  const mail = aMail({}, { from: { name: null, email: 'news@garbage.example' } });
  expect(await theSigning().signed(ACCOUNT, mail)).toMatchObject({ kind: 'unrenderable', class: 'bad_signing_key' });
});

test('keys sealed with another secret do not open, and no mail is sent', async () => {
  await aDomain('sealed.example');
  const status = await theSigning(false, 'quite another secret').statusOf(ACCOUNT, 'sealed.example');
  expect(status).toMatchObject({ kind: 'bad_signing_key', reason: 'The private key cannot be read.' });
});

test('another key in the DNS stops the sender until the record is right, without a restart', async () => {
  const row = await aDomain('moved.example');
  const domainStore = domains(store, SECRET);
  const checked = async (seen: SenderDomain, state: 'ok' | 'wrong') => {
    const found = seen.keys.map((key) => ({ ...key, check: { state, found: null, note: null } }));
    const after = await domainStore.recordFindings(seen, { ...seen, keys: found });
    if (after === null || after === 'claimed_elsewhere') throw new Error('not written');
    return after;
  };
  const ours = theSigning();
  const verified = await checked(row, 'ok');
  expect((await ours.statusOf(ACCOUNT, 'moved.example')).kind).toBe('signers');
  const wrong = await checked(verified, 'wrong');
  expect(wrong.verified_at).toBeNull();
  expect((await ours.statusOf(ACCOUNT, 'moved.example')).kind).toBe('bad_signing_key');
  expect((await checked(wrong, 'ok')).verified_at).not.toBeNull();
  expect((await ours.statusOf(ACCOUNT, 'moved.example')).kind).toBe('signers');
});
