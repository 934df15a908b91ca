import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CustomHeaders, valuesOf } from '../../../../domain/mail/custom-headers.js';
import type { SplicedMail, Unrenderable } from '../../../../mail/letter/letter.js';
import { composeMessage } from '../../../../mail/message/compose.js';
import type { Message } from '../../../../store/messages/row.js';
import { majorityCollection } from '../../../../store/mongo/connect.js';
import { anApi, type TestApi } from '../../../support/api/api.js';
import { MAIL } from '../../../support/api/messages.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const SPIKES = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\u0085',
  '\u2028',
  '\u202E',
  '\uD800',
  '\r\nBcc: eve@example.test',
  '\r\n.\r\n',
  '\r\n\r\n',
  '.',
  ',',
  ';',
  '<',
  '>',
  '"',
  '\\',
  ':',
  '(',
  'eve@example.test',
  '=?UTF-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLnRlc3Q=?=',
  'x'.repeat(1_000),
];
const nasty = fc
  .array(fc.oneof(fc.constantFrom(...SPIKES), fc.string({ unit: 'binary', maxLength: 20 }), fc.constant('a')), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));
/** The text without the characters that the API refuses in a line. */
const printable = (text: string) => `x${text.replace(/(?!\u0085)\p{Cc}/gu, '')}`.slice(0, 998);

/** Mostly valid values, so that a hostile value is seldom refused because of another field. */
const or = (...good: string[]) =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: nasty });
const address = or('ada@example.test', 'bo@example.test');
const person = fc.oneof(
  address,
  fc.record({
    email: address,
    name: fc.oneof(
      or('Ada', 'Ada, "Bo" <x>'),
      nasty.map(printable).map((text) => text.slice(0, 255)),
    ),
  }),
);
const pdf = Buffer.from('%PDF-1.7').toString('base64');

const requests = fc.record(
  {
    to: person,
    from: person,
    reply_to: person,
    cc: fc.array(person, { maxLength: 2 }),
    bcc: fc.array(person, { maxLength: 2 }),
    subject: fc.oneof(or('Hello', '.', 'Größe'), nasty.map(printable)),
    preheader: or('More', '<b>'),
    html: fc.oneof(fc.constant('<p>Hello</p>'), nasty),
    text: fc.oneof(fc.constant('.\n..'), nasty),
    headers: fc.dictionary(
      or('X-A', 'X-B', 'References'),
      fc.oneof(or('a', 'ä', '<a@b.example>'), fc.array(or('a', 'ä'), { minLength: 1, maxLength: 3 })),
      { maxKeys: 2 },
    ),
    attachments: fc.array(
      fc.record(
        { name: or('a.pdf', 'ü".pdf', 'a;b'), mime: or('application/pdf'), data: fc.constant(pdf), cid: or('logo') },
        { requiredKeys: ['name', 'mime', 'data'] },
      ),
      { maxLength: 2 },
    ),
    tags: fc.array(or('a'), { maxLength: 1 }),
  },
  { requiredKeys: ['subject', 'text', 'html'] },
);

/** Every header field that Everpost sets. */
const FIELDS = new Set([
  ...[
    'subject',
    'auto-submitted',
    'x-auto-response-suppress',
    'feedback-id',
    'from',
    'to',
    'cc',
    'reply-to',
    'message-id',
  ],
  // A mail that is a single file has its disposition in the header.
  ...['date', 'mime-version', 'content-type', 'content-transfer-encoding', 'content-disposition'],
]);

test('no input adds a header line or a recipient, or ends a mail early', { timeout: 180_000 }, async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const answer = await api.call('POST /api/v1/messages', { payload: { ...MAIL, ...request } });
      expect([202, 422], answer.body).toContain(answer.statusCode);
      if (answer.statusCode !== 202) return;
      accepted += 1;
      const { id } = answer.json<{ data: { id: string } }>().data;
      const named = majorityCollection<Message>(api.store, 'messages').find({ group: id });
      for await (const row of named) await expectOneCleanMail(row, await mailOf(row), request.headers ?? {});
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(40);
});

async function mailOf(row: Message): Promise<SplicedMail | Unrenderable> {
  const { _id: id, account, to, role } = row;
  const content = await api.deps.contents.ofMessage(row);
  const file = (sha256: string) => api.deps.contents.file(account, sha256);
  return composeMessage({ id, account, content, to, role, file }, row.created_at);
}

async function expectOneCleanMail(row: Message, mail: SplicedMail | Unrenderable, own: CustomHeaders) {
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  expect(mail.envelope.to).toMatch(/^[!-?A-~]+@[a-z0-9.-]+$/);
  expect(mail.envelope.to.toLowerCase()).toBe(row.to_key);
  const raw = Buffer.concat(mail.chunks);
  const text = raw.toString('latin1');
  expect(text).not.toMatch(/[^\r]\n|\r[^\n]|[^\t\r\n -~]/);
  expect(text.endsWith('\r\n')).toBe(true);
  expect(text).not.toMatch(/^\./m);
  expect(Math.max(...text.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(998);
  const header = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\n[ \t]/g, ' ');
  const fields = header.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  const callers = valuesOf(own).map(([name]) => name.toLowerCase());
  expect(fields.filter((name) => callers.includes(name)).sort()).toEqual(callers.sort());
  const others = fields.filter((name) => !callers.includes(name));
  expect(new Set(others).size).toBe(others.length);
  const allowed = new Set([...FIELDS, ...callers]);
  expect(fields.filter((name) => !allowed.has(name))).toEqual([]);
  const read = await PostalMime.parse(raw);
  const content = await api.deps.contents.ofMessage(row);
  expect(read.to).toHaveLength(1);
  expect(read.to?.[0]?.address?.toLowerCase()).toBe(content.to.email.trim().toLowerCase());
  expect(read.cc ?? []).toHaveLength(content.cc.length);
  expect(read.bcc ?? []).toEqual([]);
  expect(read.attachments).toHaveLength(content.attachments.length);
}
