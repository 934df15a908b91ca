import { createHash } from 'node:crypto';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import type { MessageContent } from '../../../domain/message/message.js';
import { composeMessage, type MessageDraft } from '../../../mail/message/compose.js';
import { oneLine } from '../../../mail/mime/headers.js';
import { someTime } from '../../support/mail/letters.js';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

function contentOf(over: Partial<MessageContent> = {}): MessageContent {
  return {
    from: { name: 'Acme', email: 'hello@acme.example' },
    reply_to: null,
    to: { name: 'Ada', email: 'ada@example.test' },
    cc: [],
    subject: 'Your receipt',
    preheader: null,
    html: '<p>Thank <b>you</b></p>',
    text: null,
    headers: {},
    attachments: [],
    ...over,
  };
}

function aDraft(content: Partial<MessageContent> = {}, over: Partial<MessageDraft> = {}): MessageDraft {
  const whole = contentOf(content);
  return { id: ID, account: 3, content: whole, to: whole.to, role: 'to', file: async () => PNG, ...over };
}

async function bytesOf(draft: MessageDraft): Promise<Buffer> {
  const mail = await composeMessage(draft, someTime);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  return Buffer.concat(mail.chunks);
}

const aFile = (name: string, mime: string, cid: string | null = null) => ({
  name,
  mime,
  cid,
  bytes: PNG.length,
  sha256: createHash('sha256').update(PNG).digest('hex'),
});

describe('a transactional mail', () => {
  test('has one recipient, a stable Message-ID and the header fields of automatic mail', async () => {
    const mail = await composeMessage(aDraft(), someTime);
    expect(mail).toMatchObject({
      kind: 'mail',
      envelope: { from: 'hello@acme.example', to: 'ada@example.test' },
      messageId: `<${ID}@acme.example>`,
    });
    const text = (await bytesOf(aDraft())).toString();
    expect(text).toContain('From: Acme <hello@acme.example>\r\n');
    expect(text).toContain('To: Ada <ada@example.test>\r\n');
    expect(text).toContain(`Message-ID: <${ID}@acme.example>\r\n`);
    expect(text).toContain('Date: Fri, 15 May 2026 09:00:12 +0000\r\n');
    expect(text).toContain('Auto-Submitted: auto-generated\r\n');
    expect(text).toContain('X-Auto-Response-Suppress: OOF, AutoReply\r\n');
    expect(text).toMatch(/^Feedback-ID: message:transactional:3:everpost\r$/m);
    expect(text).not.toMatch(/^(?:Bcc|Precedence|List-|Return-Path)/im);
  });

  test('is the same, byte for byte, at every attempt', async () => {
    const draft = aDraft({ attachments: [aFile('a.png', 'image/png')] });
    expect(await bytesOf(draft)).toEqual(await bytesOf(draft));
  });

  test('has the given text part, or one made from the HTML', async () => {
    const made = await PostalMime.parse(await bytesOf(aDraft()));
    expect(made.text?.trim()).toBe('Thank you');
    const given = await PostalMime.parse(await bytesOf(aDraft({ text: 'Thanks!' })));
    expect(given.text?.trim()).toBe('Thanks!');
    expect(given.html).toContain('<b>you</b>');
  });

  test('with text alone is plain text', async () => {
    const raw = await bytesOf(aDraft({ html: null, text: 'Your code is 123456' }));
    expect(raw.toString()).toContain('Content-Type: text/plain; charset=utf-8\r\n');
    expect((await PostalMime.parse(raw)).text?.trim()).toBe('Your code is 123456');
  });

  test('hides its preheader before everything else, as text', async () => {
    const html = '<html><body class="a"><p>Hello</p></body></html>';
    const read = await PostalMime.parse(await bytesOf(aDraft({ html, preheader: 'Inside: <5 things> & {{ more }}' })));
    expect(read.html).toMatch(
      /<body class="a">\s*<div style="display:none[^>]*>Inside: &lt;5 things&gt; &amp; {{ more }}/,
    );
  });

  test('shows cc and reply-to, and a copy for another recipient changes only the envelope', async () => {
    const content = contentOf({
      cc: [{ name: 'Bo, Jr.', email: 'bo@example.test' }],
      reply_to: { name: null, email: 'help@acme.example' },
    });
    const draft = aDraft(content, { role: 'bcc', to: { name: null, email: 'secret@example.test' } });
    const mail = await composeMessage(draft, someTime);
    expect(mail).toMatchObject({ envelope: { from: 'hello@acme.example', to: 'secret@example.test' } });
    const raw = await bytesOf(draft);
    expect(raw.toString()).not.toContain('secret@example.test');
    const read = await PostalMime.parse(raw);
    expect(read.to).toMatchObject([{ address: 'ada@example.test', name: 'Ada' }]);
    expect(read.cc).toMatchObject([{ address: 'bo@example.test', name: 'Bo, Jr.' }]);
    expect(read.replyTo).toMatchObject([{ address: 'help@acme.example' }]);
  });

  test('has its files, and images inside the HTML by cid', async () => {
    const attachments = [aFile('Rechnung für März.pdf', 'application/pdf'), aFile('logo.png', 'image/png', 'logo')];
    const raw = await bytesOf(aDraft({ html: '<img src="cid:logo" alt="Logo">', attachments }));
    expect(raw.toString()).toMatch(/multipart\/mixed[\s\S]*multipart\/alternative[\s\S]*multipart\/related/);
    const read = await PostalMime.parse(raw);
    expect(read.attachments).toMatchObject([
      { filename: 'logo.png', mimeType: 'image/png', contentId: '<logo>', disposition: 'inline' },
      { filename: 'Rechnung für März.pdf', mimeType: 'application/pdf', disposition: 'attachment' },
    ]);
    for (const { content } of read.attachments) expect(Buffer.from(content as ArrayBuffer)).toEqual(PNG);
  });

  test('has custom fields', async () => {
    const headers = { 'X-Order': 'Größe 42', 'In-Reply-To': '<a@b.example>', 'X-Tea': ['green', 'black'] };
    const raw = await bytesOf(aDraft({ headers }));
    const read = await PostalMime.parse(raw);
    expect(raw.toString()).toMatch(/^X-Order: =\?UTF-8\?B\?R3LDtsOfZSA0Mg==\?=\r$/m);
    expect(read.inReplyTo).toBe('<a@b.example>');
    expect(raw.toString()).toMatch(/^X-Tea: green\r\nX-Tea: black\r$/m);
  });
});

test('a References field of many long ids is folded and never encoded', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `<${'a'.repeat(190)}.${i}=?x@mail.example.org>`).join(' ');
  const raw = (await bytesOf(aDraft({ headers: { References: ids } }))).toString('latin1');
  expect((await PostalMime.parse(raw)).references).toBe(ids);
  expect(raw).not.toMatch(/References:[^:]*=\?UTF-8/);
});

test('a copy of a message whose recipient needs SMTPUTF8 names no recipient', async () => {
  const to = { name: 'Jürgen', email: 'jürgen@example.test' };
  const draft = aDraft({ to }, { role: 'bcc', to: { name: null, email: 'bo@example.test' } });
  const raw = (await bytesOf(draft)).toString('latin1');
  expect(raw).toMatch(/^To: undisclosed-recipients:;\r$/m);
  expect((await PostalMime.parse(raw)).from).toMatchObject({ address: 'hello@acme.example' });
});

test('names, cc and file names of any text are read as they were written', async () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }).map(oneLine);
  const text = line.filter((value) => value !== '' && !/[\uFFF9-\uFFFF]|=\?/.test(value) && !/ {2}/.test(value));
  await fc.assert(
    fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), text, async (name, others, file) => {
      const cc = others.map((other, i) => ({ name: other, email: `cc${i}@example.test` }));
      const content = { from: { name, email: 'hello@acme.example' }, cc, attachments: [aFile(file, 'image/png')] };
      const raw = await bytesOf(aDraft(content));
      expect(
        raw
          .toString('latin1')
          .split('\r\n')
          .every(({ length }) => length <= 78),
      ).toBe(true);
      const read = await PostalMime.parse(raw);
      expect(read.from).toMatchObject({ name, address: 'hello@acme.example' });
      expect((read.cc ?? []).map((one) => [one.name, one.address])).toEqual(cc.map((one) => [one.name, one.email]));
      expect(read.attachments).toMatchObject([{ filename: file }]);
    }),
    { numRuns: 300 },
  );
});

describe('its bytes', () => {
  const NASTY = [
    '.',
    '..',
    '.\n..\n.hidden',
    `${'.'.repeat(200)}\n.`,
    `${'a'.repeat(75)}.${'b'.repeat(75)}.c`,
    '.  \n. ',
  ];

  test.each(NASTY)('never begin a line with a dot: %j', async (text) => {
    const raw = await bytesOf(aDraft({ text, html: `<pre>\n${text}</pre>` }));
    const lines = raw.toString('latin1').split('\r\n');
    expect(lines.filter((line) => line.startsWith('.'))).toEqual([]);
    expect(lines.filter((line) => line.length > 76)).toEqual([]);
    const read = await PostalMime.parse(raw);
    expect(read.text?.replace(/\n$/, '')).toBe(text);
    expect(read.html?.replace(/\r\n/g, '\n')).toContain(`<pre>\n${text}</pre>`);
  });

  test('end lines with CRLF only', async () => {
    const raw = (await bytesOf(aDraft({ text: 'a\rb\nc\r\nd' }))).toString('latin1');
    expect(raw).not.toMatch(/[^\r]\n|\r[^\n]/);
    expect(raw.endsWith('\r\n')).toBe(true);
  });

  test('have header lines of valid length for any subject', async () => {
    const raw = (await bytesOf(aDraft({ subject: 'x'.repeat(998) }))).toString('latin1');
    expect(Math.max(...raw.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(78);
    expect((await PostalMime.parse(raw)).subject).toBe('x'.repeat(998));
  });
});

test.each([
  ['jürgen@example.test', 'eai_unsupported'],
  ['no-address', 'invalid_address'],
])('a copy for %s cannot be composed: %s', async (email, why) => {
  const mail = await composeMessage(aDraft({}, { to: { name: null, email } }), someTime);
  expect(mail).toMatchObject({ kind: 'unrenderable', class: why });
});

const fieldsIn = async (draft: MessageDraft) =>
  (await bytesOf(draft)).toString().split('\r\n\r\n')[0]?.split('\r\n') ?? [];

test('a mail with an opt-out link has every field that is promised for such mails', async () => {
  const url = 'https://mail.example.org/u/m/token';
  const fields = await fieldsIn(aDraft({}, { optOut: { url, reportsTo: 'b+token@bounce.example.org' } }));
  expect(fields).toEqual(
    expect.arrayContaining([
      `List-Unsubscribe: <${url}>`,
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'Errors-To: b+token@bounce.example.org',
      'X-Complaints-To: b+token@bounce.example.org',
      'Precedence: bulk',
      'Feedback-ID: message:transactional:3:everpost',
      `X-SenderName-MailID: ${ID}`,
      'X-Mailru-Msgtype: transactional',
      'X-Postmaster-Msgtype: transactional',
    ]),
  );
  expect(await fieldsIn(aDraft({}, { optOut: { url } }))).toContain('Errors-To: hello@acme.example');
  const without = await fieldsIn(aDraft());
  expect(without.filter((line) => /^(?:List-|Errors-|Precedence|X-SenderName)/.test(line))).toEqual([]);
});

test('fields for automatic replies that the caller set replace the usual ones', async () => {
  const headers = { 'auto-submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' };
  const fields = await fieldsIn(aDraft({ headers }));
  expect(fields.filter((line) => /^(?:auto-submitted|x-auto-response)/i.test(line))).toEqual([
    'auto-submitted: auto-replied',
    'X-Auto-Response-Suppress: All',
  ]);
});
