import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime, { type Email } from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { compileLetter } from '../../../mail/letter/compile.js';
import type { Letter, Recipient, SplicedMail } from '../../../mail/letter/letter.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { oneLine } from '../../../mail/mime/headers.js';
import { unsubscribeAddress } from '../../../mail/tokens/return-path.js';
import { aLetter, aRecipient, someLinks, someTime } from '../../support/mail/letters.js';

function splice(letter: Partial<Letter>, recipient: Partial<Recipient>): SplicedMail {
  const mail = spliceMail(compileLetter(aLetter(letter)), aRecipient(recipient), someTime, someLinks);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return mail;
}

const bytesOf = (mail: SplicedMail) => Buffer.concat(mail.chunks);
const read = (raw: Buffer): Promise<Email> => PostalMime.parse(raw);

/** The same content, composed by nodemailer and read back. */
async function composed(content: { to: string; subject: string; text: string; html: string }): Promise<Email> {
  const composer = new MailComposer({
    from: { name: 'News', address: 'news@example.test' },
    to: { name: content.to, address: 'ada@example.test' },
    subject: content.subject,
    text: content.text,
    html: content.html,
    textEncoding: 'quoted-printable',
  });
  return read(await composer.compile().build());
}

const lines = (text: string | undefined) => (text ?? '').replace(/\r\n?/g, '\n').trimEnd();

test('with a bounce domain the List-Unsubscribe field also has a mailto', async () => {
  const mail = splice({ bounceDomain: 'bounce.example.test' }, {});
  const token = someLinks.forRecipient(7, 42);
  const values = (await read(bytesOf(mail))).headers.filter(({ key }) => key === 'list-unsubscribe');
  const written = `mailto:${unsubscribeAddress(token)}@bounce.example.test?subject=unsubscribe`;
  expect(values.map(({ value }) => value)).toEqual([`<https://mail.example.test/u/${token}>, <${written}>`]);
  expect(bytesOf(splice({}, {})).toString()).not.toContain('mailto:');
});

const VALUES: readonly (readonly [string, string])[] = [
  ['plain', 'Ada'],
  ['empty', ''],
  ['emoji', 'Zoë 👩‍👩‍👧 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉'],
  ['right to left', 'שלום עולם مرحبا بالعالم'],
  ['quotes', `O"Brien, 'Jo' \\ & <b>`],
  ['equals signs', '=3D == =?UTF-8?Q?x?= ='],
  ['leading dots', '.hidden\n..\n.\n. x'],
  ['a very long word', 'x'.repeat(2_500)],
  ['a very long word of two octets', 'ö'.repeat(1_500)],
  ['trailing blanks', 'a  \n b\t\n'],
  ['newlines', 'one\r\ntwo\rthree\nfour'],
  ['a long line of words', 'word '.repeat(400)],
  ['looks like a header', 'x\r\nBcc: eve@example.test\r\n\r\nbody'],
  ['looks like a boundary', '--=_abc\r\n--=_abc--'],
  ['From at the line start', 'a\nFrom me'],
];

const HTML =
  '<p>.{{ first_name }}.</p>\n{{ first_name | raw }}\n{% if first_name != "" %}[{{ first_name }}]{% endif %}';
const TEXT = 'Dear {{ first_name }},\n\n.{{ first_name }}\n{{ unsubscribe_url }}';

async function expectSameAsComposer(value: string): Promise<void> {
  const escaped = value.replace(
    /[&<>"']/g,
    (c) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': '#34', "'": '#39' }[c]};`,
  );
  const mail = splice(
    {
      subject: 'Hi {{ first_name }}!',
      html: `<!doctype html><html><body>${HTML}{{ unsubscribe_url }}</body></html>`,
      text: TEXT,
    },
    { first_name: value, last_name: null },
  );
  const url = `https://mail.example.test/u/${someLinks.forRecipient(7, 42)}`;
  const bracketed = value === '' ? '' : `[${escaped}]`;
  const ours = await read(bytesOf(mail));
  const theirs = await composed({
    to: oneLine(value),
    subject: oneLine(`Hi ${value}!`),
    text: `Dear ${value},\n\n.${value}\n${url}\n`,
    html: `<!doctype html><html><body><p>.${escaped}.</p>\n${escaped}\n${bracketed}${url}</body></html>\n`,
  });
  expect(lines(ours.html)).toBe(lines(theirs.html));
  expect(lines(ours.text)).toBe(lines(theirs.text));
  expect(ours.subject).toBe(oneLine(`Hi ${value}!`));
  // nodemailer leaves text that resembles an encoded word unchanged, so that readers decode it
  if (!value.includes('=?')) expect(ours.subject).toBe(theirs.subject);
  expect(ours.to?.[0]?.address).toBe('ada@example.test');
  expect(ours.to).toHaveLength(1);
  if (!value.includes('=?')) expect(ours.to?.[0]?.name).toBe(theirs.to?.[0]?.name);
}

describe('a spliced mail reads like the one nodemailer composes', () => {
  test.each(VALUES)('%s', async (_, value) => {
    await expectSameAsComposer(value);
  });

  test('for any value', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText(), { maxLength: 6 }), (words) => expectSameAsComposer(words.join(' '))),
      { numRuns: 40 },
    );
  });
});

/**
 * Pieces that people and attackers type. Control characters other than line breaks are left out, because they are
 * dropped.
 */
function anyText() {
  return fc.oneof(
    fc
      .string({ unit: 'grapheme', maxLength: 40 })
      .map((text) => text.replace(/\p{Cc}|[\u202A-\u202E\u2066-\u2069\uFEFF]/gu, '')),
    fc.constantFrom(
      '=',
      '.',
      '\n.',
      '\n',
      'é',
      'ש',
      '👍🏽',
      '=?',
      '"',
      '<x@y.z>',
      'From ',
      '--',
      ' ',
      '{{',
      'a'.repeat(80),
    ),
  );
}
