import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../domain/errors.js';
import { checkLetter, compileLetter } from '../../../mail/letter/compile.js';
import { fieldsOf } from '../../../mail/letter/fields.js';
import type { Letter, Recipient } from '../../../mail/letter/letter.js';
import { slotsIn } from '../../../mail/letter/slots.js';
import { spliceMail } from '../../../mail/letter/splice.js';
import { liquidContext, parseLiquid, renderLiquid } from '../../../mail/liquid/engine.js';
import { aLetter, aRecipient, someLinks, someTime } from '../../support/mail/letters.js';

const splice = (letter: Partial<Letter>, recipient: Partial<Recipient> = {}) =>
  spliceMail(compileLetter(aLetter(letter)), aRecipient(recipient), someTime, someLinks);

async function read(letter: Partial<Letter>, recipient: Partial<Recipient> = {}) {
  const mail = splice(letter, recipient);
  if (mail.kind !== 'mail') throw new Error(mail.reason);
  const raw = Buffer.concat(mail.chunks);
  return { ...(await PostalMime.parse(raw)), raw: raw.toString('latin1') };
}

describe('the spliced letter', () => {
  test('a fragment becomes a document with language, title, preheader and an unsubscribe link', async () => {
    const { html, text } = await read({
      subject: 'Tea & {{ first_name }}',
      preheader: 'Soon, {{ first_name }}',
      lang: 'ar',
    });
    expect(html).toContain('<html lang="ar" dir="rtl">');
    expect(html).toContain('<title>Tea &amp; Ada</title>');
    expect(html).toMatch(/<body>\s*<div style="display:none[^>]*>Soon, Ada/);
    expect(html).toContain('<a href="https://mail.example.test/u/');
    expect(text).toContain('Hello Ada');
    expect(text).not.toContain('Soon');
    expect(text).toMatch(/Unsubscribe \(https:\/\/mail\.example\.test\/u\/[\w-]{36}\)/);
  });

  test('all links of a recipient use one token, and attributes cannot replace a link', async () => {
    const html = '{{ unsubscribe_url }} {{ preferences_url }} {{ view_url }}';
    const attributes = { view_url: 'https://evil.example', preferences_url: 'https://evil.example' };
    const { text } = await read({ html }, { attributes });
    const token = someLinks.forRecipient(7, 42);
    expect(text?.trim()).toBe(['u', 'p', 'v'].map((at) => `https://mail.example.test/${at}/${token}`).join(' '));
  });

  test('a document keeps its own head and its own unsubscribe link', async () => {
    const html = '<!doctype html><html lang="de"><body class="a"><a href="{{ unsubscribe_url }}">Weg</a></body></html>';
    const mail = await read({ html, preheader: 'Vorab', text: 'Hallo' });
    expect(mail.html).toMatch(/<body class="a">\s*<div[^>]*>Vorab/);
    expect(mail.html?.match(/\/u\//g)).toHaveLength(1);
    expect(mail.text).toMatch(/^Hallo\s+Unsubscribe: https:/);
  });

  test('links, alternative texts and Liquid with quotes are kept in the text part', async () => {
    const html = `<h1>Dear {{ first_name | default: "friend <3" }}</h1><p><a href="https://x.test/?a=1&amp;b={{ id }}">Read</a> <img src="x.png" alt="a cat"></p>{% if city == "X" %}<p>In X</p>{% endif %}`;
    const { text } = await read({ html }, { first_name: null, attributes: { id: 9, city: 'X' } });
    expect(text).toContain('Dear friend <3');
    expect(text).toContain('Read (https://x.test/?a=1&b=9) a cat');
    expect(text).toContain('In X');
  });

  test('a block that the text part keeps only half of loses its tags there, not its text', async () => {
    const html = '<style>{% if city %}</style><p>Hello {{ first_name }}</p>{% endif %}';
    const { text, html: whole } = await read({ html }, { attributes: { city: 'X' } });
    expect(text).toContain('Hello Ada');
    expect(whole).toContain('<p>Hello Ada</p>');
  });

  test('a variable that one tag sets is visible to later tags', async () => {
    const html =
      '{% assign first_name = "Set" %}{{ first_name }}{% capture c %}<b>{{ last_name }}</b>{% endcapture %}|{{ c | raw }}';
    expect((await read({ html })).html).toContain('Set|<b>Lovelace</b>');
  });

  test('values are escaped exactly once in HTML and never in text and subject', async () => {
    const mail = await read(
      {
        subject: '{{ first_name }}',
        html: '{{ first_name }}|{{ first_name | escape }}',
        text: '{{ first_name | escape }}',
      },
      { first_name: 'A&B' },
    );
    expect(mail.html).toContain('A&amp;B|A&amp;B');
    expect(mail.text).toContain('A&B');
    expect(mail.subject).toBe('A&B');
  });

  test('the header of bulk mail (RFC 8058, RFC 2919)', async () => {
    const { raw, messageId } = await read({ replyTo: 'help@example.test' });
    expect(raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
    expect(raw).toMatch(/List-Unsubscribe: <https:\/\/mail\.example\.test\/u\/[\w-]{36}>\r\n/);
    expect(raw).toContain('List-Id: Readers\r\n <l5x.mail.example.test>\r\n');
    expect(raw).toContain('Reply-To: help@example.test\r\n');
    expect(raw).toContain('Date: Fri, 15 May 2026 09:00:12 +0000\r\n');
    expect(messageId).toMatch(/^<7\.42\.[\w-]{10}@example\.test>$/);
    expect(messageId).toBe((await read({ subject: 'Another try' })).messageId);
  });
});

describe('a letter that cannot be rendered', () => {
  test.each([
    ['{{ first_name', 'output'],
    ['{% if x %}', 'not closed'],
    ['{{ x | shout }}', 'undefined filter'],
    ['{% include "/etc/passwd" %}', 'not found'],
  ])('%s is refused with a sentence', (html, fault) => {
    expect(checkLetter({ subject: 'ok {{ first_name }}', html })).toEqual({ html: [expect.stringContaining(fault)] });
    expect(() => compileLetter(aLetter({ html }))).toThrow(Failure);
  });

  test('an endless loop fails this recipient, not the page', () => {
    const mail = splice({ html: '{% for i in (1..100000000) %}x{% endfor %}' });
    expect(mail).toMatchObject({
      kind: 'unrenderable',
      class: 'render_error',
      reason: expect.stringContaining('limit'),
    });
  });

  test('a local part that is not ASCII fails with its class; a domain becomes an A-label', () => {
    expect(splice({}, { email: 'jörg@example.test' })).toMatchObject({
      class: 'eai_unsupported',
      code: '5.6.7',
      scope: 'message',
    });
    expect(splice({}, { email: 'a@münchen.test' })).toMatchObject({ envelope: { to: 'a@xn--mnchen-3ya.test' } });
    expect(splice({}, { email: 'a@b.test, c@d.test' })).toMatchObject({
      kind: 'unrenderable',
      class: 'invalid_address',
    });
  });
});

test('the fast path of a plain field prints the same as Liquid', { timeout: 60_000 }, () => {
  const tags = [
    '{{ v }}',
    '{{v|default:"x"}}',
    "{{ attributes.v | default: 'a b' | upcase }}",
    '{{ v | strip | downcase }}',
    '{{- v -}}',
    '{{ nothing }}',
    '{{ attributes.size }}',
  ];
  const values = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, '', ' ', '<&>', undefined),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...tags),
      values,
      fc.constantFrom('html' as const, 'plain' as const),
      (tag, v, mode) => {
        const recipient = {
          id: 1,
          email: 'ada@example.test',
          first_name: null,
          last_name: null,
          attributes: { v },
          tags: [],
        };
        const fields = { recipient, publicUrl: 'https://mail.example.test', token: 'token' };
        const quick = slotsIn(tag, mode).map((piece) =>
          typeof piece === 'string' ? piece : piece.render({ fields, contexts: {} }, 'text'),
        );
        expect(quick.join('')).toBe(renderLiquid(parseLiquid(tag, mode), liquidContext(fieldsOf(fields), mode), mode));
      },
    ),
    { numRuns: 200 },
  );
});
