import fc from 'fast-check';
import { expect, test } from 'vitest';
import { condensed, condenser } from '../../../mail/dsn/condense.js';
import { readInbound } from '../../../mail/dsn/read.js';
import { growth, ONE_PASS } from '../../support/growth.js';
import { aFreeText } from '../../support/mail/free-text.js';
import { aReport } from '../../support/mail/reports.js';

const ABOUT = {
  returnPath: 'b+aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb@bounce.acme.example',
  messageId: '7.42.x@acme.example',
  address: 'ada@reader.example',
};
const MIB = 1024 * 1024;
const kept = (raw: Buffer) => {
  const mail = condenser();
  mail.write(raw);
  return mail.end();
};

test('a small mail is kept as it is, in whatever chunks it comes', () => {
  const report = aReport('postfix-unknown-user', ABOUT);
  fc.assert(
    fc.property(fc.array(fc.nat(report.length), { maxLength: 20 }), (cuts) => {
      const mail = condenser();
      const points = [0, ...cuts.sort((a, b) => a - b), report.length];
      for (const [i, from] of points.entries()) mail.write(report.subarray(from, points[i + 1] ?? report.length));
      expect(mail.end().equals(report)).toBe(true);
    }),
  );
});

test('a report with the original of 10 MB keeps its fields and the header of the original', async () => {
  const report = aReport('postfix-unknown-user', ABOUT).toString();
  const original = `${'QUJD'.repeat(19)}\r\n`.repeat((10 * MIB) / 78);
  const large = Buffer.from(report.replace(/(Message-ID: <7[\s\S]*?\r\n\r\n)/, `$1${original}`));
  expect(large.length).toBeGreaterThan(9 * MIB);
  const small = kept(large);
  expect(small.length).toBeLessThan(MIB / 4);
  const mail = await readInbound(small);
  expect(mail).toMatchObject({ kind: 'delivery', by: 'fields', messageIds: [ABOUT.messageId] });
});

test('the fields of a report count also where they follow the original', async () => {
  const [head = '', ...parts] = aReport('postfix-unknown-user', ABOUT)
    .toString()
    .split(/(?=\r\n--[^\r\n]*\r\n)/);
  const original = parts.find((part) => part.includes('message/rfc822')) ?? '';
  const rest = parts.filter((part) => part !== original);
  const large = [head, original, `\r\n${'x'.repeat(70)}`.repeat(60_000), ...rest].join('');
  expect(await readInbound(kept(Buffer.from(large)))).toMatchObject({ kind: 'delivery', by: 'fields' });
});

test.each<[string, (bytes: number) => string]>([
  ['one long line', (bytes) => 'a'.repeat(bytes)],
  ['names of recipients', (bytes) => '<a@b.example>:\r\n'.repeat(bytes / 16)],
  ['fields', (bytes) => 'x: y\r\n'.repeat(bytes / 6)],
  ['one boundary, again and again', (bytes) => 'boundary="b1"\r\n--b1\r\n'.repeat(bytes / 20)],
  [
    'parts with a boundary each',
    (bytes) =>
      Array.from(
        { length: bytes / 64 },
        (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
      ).join(''),
  ],
  ['codes of replies', (bytes) => '550 '.repeat(bytes / 4)],
  ['empty lines', (bytes) => '\n'.repeat(bytes)],
])(
  'of a flood of %s at most 1 MiB is kept, and read in one pass',
  async (_what, flood) => {
    const mail = (bytes: number) => [aFreeText({ ...ABOUT, text: flood(bytes) })] as unknown as AsyncIterable<Buffer>;
    const [small, large] = [mail(MIB), mail(4 * MIB)];
    const read = async (raw: AsyncIterable<Buffer>) => {
      const small = await condensed(raw);
      expect(small.length).toBeLessThanOrEqual(MIB);
      await readInbound(small);
    };
    expect(await growth(read, small, large)).toBeLessThan(ONE_PASS);
  },
  60_000,
);
