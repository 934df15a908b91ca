import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { relaxedMail, relaxOnce } from '../../../mail/dkim/canonical.js';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { SplicedMail } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { aLetter, aMail, aRecipient, someLinks, someTime } from '../../support/mail/letters.js';
import { signedBytes, signedNames, someKeys, type TestKeys, verdicts } from '../../support/mail/signing.js';

let keys: TestKeys;
beforeAll(async () => {
  keys = await someKeys();
});

const PASSES = ['rsa-sha256 pass', 'ed25519-sha256 pass'];

const BODIES: readonly (readonly [string, string])[] = [
  ['plain', '<p>Hello</p>'],
  ['blanks at line ends', '<p>a  \n\tb \t \n c</p>  \n'],
  ['empty lines at the end', '<p>a</p>\n\n\n\n'],
  ['only empty lines', '\n\n\n'],
  ['a word longer than a line', 'x'.repeat(3_000)],
  ['dots at line starts', '.\n..\n. x\n.{{ first_name }}.\n.'],
  ['runs of blanks', `a${' '.repeat(200)}b\n${'\t '.repeat(90)}`],
  ['blanks around values', ' {{ first_name }}  {{ first_name }} \n {{ first_name }}\t\n'],
  ['not ASCII', 'Zoë 👩‍👩‍👧  שלום \n'],
];

const NAMES = ['Ada', '', ' ', '  two  blanks  ', 'x'.repeat(200), '.dot', 'a \n b\n\n', 'Zoë\t', '=20'];

describe('a signed letter passes an independent verifier', () => {
  test.each(BODIES)('%s', async (_, html) => {
    for (const first_name of NAMES) {
      const mail = aMail(
        { first_name },
        { html, text: html, subject: `News  for {{ first_name }} ${html.replace(/\{.*/s, '').slice(0, 9)}` },
      );
      expect(await verdicts(await signedBytes(mail, keys), keys.records)).toEqual(PASSES);
    }
  });

  test('with any content for any recipient', { timeout: 60_000 }, async () => {
    const special = fc.constantFrom('  ', '\t', ' \n', '\n\n', '.', '=', '{{ first_name }}', 'x'.repeat(90), 'é');
    const words = fc
      .array(fc.oneof(special, fc.string({ unit: 'grapheme', maxLength: 20 })), { maxLength: 12 })
      .map((parts) => parts.join('').replace(/\{(?!\{ first_name \}\})|(?<!\{)\{%/g, ''));
    await fc.assert(
      fc.asyncProperty(words, words, words, async (html, first_name, last_name) => {
        const mail = aMail(
          { first_name, last_name },
          { html: html.replaceAll('{{ first_name }}', '[{{ first_name }}]') },
        );
        expect(await verdicts(await signedBytes(mail, keys), keys.records)).toEqual(PASSES);
      }),
      { numRuns: 60 },
    );
  });

  test('also if its unchanging pieces were relaxed before', async () => {
    for (const [, html] of BODIES) {
      const compiled = compileLetter(aLetter({ html, text: html }));
      const mailTo = (first_name: string) => {
        const mail = spliceMail(compiled, aRecipient({ first_name }), someTime, someLinks);
        if (mail.kind !== 'mail') throw new Error(mail.reason);
        return mail;
      };
      const relaxed = (name: string) => {
        const { fields, body } = relaxedMail(mailTo(name).chunks);
        return { fields, body: Buffer.concat(body) };
      };
      const before = NAMES.map(relaxed);
      relaxOnce(compiled.plan);
      expect(NAMES.map(relaxed)).toEqual(before);
      expect(await verdicts(await signedBytes(mailTo('Ada'), keys), keys.records)).toEqual(PASSES);
    }
  });

  test('however its bytes are cut into chunks', async () => {
    const whole = Buffer.concat(aMail({}, { html: '<p>a  \n\n b</p>\n\n', text: ' x \n\n\n' }).chunks);
    const digest = (chunks: Buffer[]) => {
      const { fields, body } = relaxedMail(chunks);
      return JSON.stringify([fields, Buffer.concat(body).toString('latin1')]);
    };
    const expected = digest([whole]);
    const cuts = Array.from(whole, (_, at) => at);
    expect(cuts.filter((at) => digest([whole.subarray(0, at), whole.subarray(at)]) !== expected)).toEqual([]);
  });
});

/** A mail whose header and body are given. */
function mailOf(body: string): SplicedMail {
  const head = 'From: a@example.test\r\nTo: b@example.test\r\nSubject: x\r\n\r\n';
  const envelope = { from: 'a@example.test', to: 'b@example.test' };
  return { kind: 'mail', envelope, messageId: '<1@example.test>', chunks: [Buffer.from(head + body)] };
}

test.each([
  ['empty', ''],
  ['empty lines alone', '\r\n\r\n\r\n'],
  ['blanks alone', ' \t \r\n'],
  ['blank lines at the end', 'x\r\n \r\n\t\r\n'],
  ['no line break at the end', 'x\r\ny'],
  ['larger than a slice', `${'y '.repeat(20_000)}\r\n${'z  z\r\n'.repeat(9_000)}\r\n\r\n`],
])('a body that is %s passes', async (_, body) => {
  expect(await verdicts(await signedBytes(mailOf(body), keys), keys.records)).toEqual(PASSES);
});

test('h= names both unsubscribe fields, and From, To and Subject once more than they are there', async () => {
  const mail = await signedBytes(aMail(), keys);
  const [rsa = [], ed25519] = signedNames(mail);
  expect(ed25519).toEqual(rsa);
  expect(rsa).toEqual(
    expect.arrayContaining([
      'list-unsubscribe',
      'list-unsubscribe-post',
      'list-id',
      'feedback-id',
      'date',
      'message-id',
    ]),
  );
  for (const name of ['from', 'to', 'subject']) expect(rsa.filter((given) => given === name)).toHaveLength(2);
  const lines = mail.toString('latin1').slice(0, mail.indexOf('\r\nTo: ')).split('\r\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(78);
});

test.each([
  ['another From on top', (mail: string) => `From: eve@example.test\r\n${mail}`],
  ['another Subject at the end of the header', (mail: string) => mail.replace('\r\n\r\n', '\r\nSubject: eve\r\n\r\n')],
  ['another unsubscribe field', (mail: string) => mail.replace('List-Unsubscribe: <https', 'List-Unsubscribe: <http')],
  ['another body', (mail: string) => mail.replace('Hello', 'Hallo')],
])('%s breaks every signature', async (_, change) => {
  const mail = change((await signedBytes(aMail(), keys)).toString('latin1'));
  const results = await verdicts(Buffer.from(mail, 'latin1'), keys.records);
  expect(results.filter((result) => result.endsWith('pass'))).toEqual([]);
});

test('without signers a mail is unchanged', async () => {
  const mail = aMail();
  expect(await signedBytes(mail, { ...keys, signers: [] })).toEqual(Buffer.concat(mail.chunks));
});
