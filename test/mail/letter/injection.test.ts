import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { compileLetter } from '../../../mail/letter/compile.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { aLetter, aRecipient, someLinks, someTime } from '../../support/mail/letters.js';

const FIELDS = [
  'to',
  'subject',
  'date',
  'message-id',
  'list-unsubscribe',
  'from',
  'list-id',
  'list-unsubscribe-post',
  'precedence',
  'feedback-id',
  'x-auto-response-suppress',
  'mime-version',
  'content-type',
];

const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        '\u202E',
        '\u2066',
        '\u2028',
        '\uD800',
        'Bcc: eve@example.test',
        '.',
        ',',
        '<',
        '>',
        '@',
      ),
      fc.constantFrom(
        '\r\n.\r\n',
        '\r\n\r\n',
        '=?UTF-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLnRlc3Q=?=',
        'x'.repeat(1_200),
        '"',
        '\\',
        ':',
        '\u0085',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const withoutLiquid = nasty.map((text) => text.replace(/[{}]/g, ''));

describe('no input adds a header line, a recipient or an end of the mail', () => {
  test('names, subjects, preheaders, attributes and texts of any kind', { timeout: 60_000 }, async () => {
    const letters = fc.record({
      subject: withoutLiquid,
      preheader: withoutLiquid,
      sender: nasty,
      list: nasty,
      text: withoutLiquid,
    });
    const people = fc.record({ first: nasty, last: nasty, city: nasty });
    await fc.assert(
      fc.asyncProperty(letters, people, async (letter, person) => {
        const compiled = compileLetter(
          aLetter({
            subject: `${letter.subject}{{ first_name }}{{ city }}`,
            preheader: `${letter.preheader}{{ city }}`,
            html: '<p>{{ city | raw }} {{ attributes.city }}</p>{% if city %}\n{{ first_name }}{% endif %}',
            text: `${letter.text}{{ city }}`,
            from: { name: letter.sender, email: 'news@example.test' },
            list: { id: 1, uid: 'abc', name: letter.list },
          }),
        );
        const recipient = aRecipient({
          first_name: person.first,
          last_name: person.last,
          attributes: { city: person.city },
        });
        const mail = spliceMail(compiled, recipient, someTime, someLinks);
        if (mail.kind !== 'mail') throw new Error(mail.reason);
        expect(mail.envelope).toEqual({ from: 'news@example.test', to: 'ada@example.test' });
        await expectOneCleanMail(Buffer.concat(mail.chunks));
      }),
      { numRuns: 60 },
    );
  });
});

async function expectOneCleanMail(raw: Buffer): Promise<void> {
  const text = raw.toString('latin1');
  expect(text).not.toMatch(/[^\r]\n|\r[^\n]|[^\t\r\n -~]/);
  expect(text.endsWith('\r\n')).toBe(true);
  for (const line of text.split('\r\n')) {
    expect(line.length).toBeLessThanOrEqual(line.startsWith('List-Unsubscribe: ') ? 998 : 76);
    expect(line.startsWith('.')).toBe(false);
  }
  const header = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n[ \t]/g, ' ');
  expect(header.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase())).toEqual(FIELDS);
  const read = await PostalMime.parse(raw);
  expect(read.to?.map(({ address }) => address)).toEqual(['ada@example.test']);
  expect(read.from?.address).toBe('news@example.test');
  expect(read.cc ?? []).toHaveLength(0);
  expect(read.bcc ?? []).toHaveLength(0);
  expect(read.attachments).toHaveLength(0);
}
