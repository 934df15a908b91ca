import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { useClock } from '../../../clock.js';
import { signedMail } from '../../../mail/dkim/sign.js';
import { signingPool } from '../../../mail/dkim/threads/pool.js';
import type { SplicedMail } from '../../../mail/letter/letter.js';
import { aMail, someTime } from '../../support/mail/letters.js';
import { someKeys, type TestKeys, verdicts } from '../../support/mail/signing.js';

const pool = signingPool(2);
afterAll(() => pool.close());
let keys: TestKeys;
beforeAll(async () => {
  keys = await someKeys();
});

const bytesOf = ({ chunks }: SplicedMail) => Buffer.concat(chunks).toString('latin1');

/** Mails of several lengths, so that a body of another mail would not pass. */
function someMails(count: number): readonly SplicedMail[] {
  const html = '<p>{{ first_name }}  \n\n</p>\t\n\n';
  return Array.from({ length: count }, (_, id) => aMail({ id, first_name: `Ada${' é'.repeat(id)}` }, { html }));
}

test('each mail of a window gets its own signatures, which an independent verifier accepts', async () => {
  const window = someMails(20);
  const signed = await Promise.all(window.map((mail) => pool.sign(mail, keys.signers)));
  for (const [i, mail] of signed.entries()) {
    expect(await verdicts(Buffer.concat(mail.chunks), keys.records)).toEqual([
      'rsa-sha256 pass',
      'ed25519-sha256 pass',
    ]);
    expect(mail).toMatchObject({ envelope: window[i]?.envelope, messageId: window[i]?.messageId });
    expect(mail.chunks.slice(1)).toEqual(window[i]?.chunks);
  }
});

test('windows of several senders at the same time: each is signed with its own keys, as a single mail is', async () => {
  onTestFinished(useClock({ now: () => someTime }));
  const [rsa, ed25519] = keys.signers;
  if (rsa === undefined || ed25519 === undefined) throw new Error('no keys');
  const senders = [[rsa], [ed25519], [ed25519, rsa], []];
  const mails = someMails(40).map((mail, i) => ({ mail, signers: senders[i % 7 < 4 ? 0 : i % 4] ?? [] }));
  const signed = await Promise.all(mails.map(({ mail, signers }) => pool.sign(mail, signers)));
  const singly = await Promise.all(mails.map(({ mail, signers }) => signedMail(mail, signers)));
  expect(signed.map(bytesOf)).toEqual(singly.map(bytesOf));
});

test('a key that cannot sign fails its mails, none of which is returned unsigned; others are signed', async () => {
  const [rsa, ed25519] = keys.signers;
  if (rsa === undefined || ed25519 === undefined) throw new Error('no keys');
  const bad = [rsa, { ...ed25519, algorithm: 'rsa-sha256' as const }];
  const results = await Promise.allSettled(
    someMails(30).map((mail, i) => pool.sign(mail, i % 3 === 0 ? bad : keys.signers)),
  );
  expect(results.map(({ status }) => status)).toEqual(
    Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 'rejected' : 'fulfilled')),
  );
});

test('a closed pool rejects the mails that wait, those in its threads and later ones', async () => {
  const closing = signingPool(1);
  const begun = someMails(60).map((mail) => closing.sign(mail, keys.signers));
  const results = Promise.allSettled(begun);
  await Promise.any(begun);
  await closing.close();
  const states = (await results).map(({ status }) => status);
  expect(states.slice(0, 8)).toEqual(Array(8).fill('fulfilled'));
  expect(states.slice(-8)).toEqual(Array(8).fill('rejected'));
  await expect(closing.sign(aMail(), keys.signers)).rejects.toThrow('the signing pool is closed');
});
