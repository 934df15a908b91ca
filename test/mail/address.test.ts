import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMailbox, parseSender } from '../../mail/address.js';

describe('one valid mailbox', () => {
  test.each([
    ['Ada@Example.TEST', 'ada@example.test', 'Ada@example.test'],
    [' ada+news@example.test ', 'ada+news@example.test', 'ada+news@example.test'],
    ["o'brien@sub.example.test", "o'brien@sub.example.test", "o'brien@sub.example.test"],
    ['ada@MÜNCHEN.test', 'ada@xn--mnchen-3ya.test', 'ada@xn--mnchen-3ya.test'],
    ['ada@例え.test', 'ada@xn--r8jz45g.test', 'ada@xn--r8jz45g.test'],
    [`${'a'.repeat(64)}@example.test`, `${'a'.repeat(64)}@example.test`, `${'a'.repeat(64)}@example.test`],
  ])('%s', (given, identity, envelope) => {
    expect(parseMailbox(given)).toMatchObject({ shown: given.trim(), identity, envelope, ascii: true });
  });

  test('a local part beyond ASCII is an address, but not one every server takes', () => {
    expect(parseMailbox('Jörg@example.test')).toMatchObject({ identity: 'jörg@example.test', ascii: false });
  });
});

test.each([
  '',
  'ada',
  '@example.test',
  'ada@',
  'ada@localhost',
  'ada@127.0.0.1',
  'ada@0x7f.1',
  'ada@[127.0.0.1]',
  'ada@example..test',
  'ada@-example.test',
  'ada@exa_mple.test',
  'ada@example.test.',
  'a..b@example.test',
  '.a@example.test',
  'a b@example.test',
  '"a b"@example.test',
  'Ada <ada@example.test>',
  'a@b.test,c@d.test',
  'a@b.test\r\nRCPT TO:<c@d.test>',
  'a\0@b.test',
  'a@b@c.test',
  '@a.test:b@c.test',
  'list:a@b.test;',
  '(x)a@b.test',
  'a@ex%61mple.test',
  'a\u202E@example.test',
  `${'a'.repeat(65)}@example.test`,
  `a@${'b'.repeat(64)}.test`,
  `a@${'bcdefghi.'.repeat(29)}test`,
])('%j is no mailbox', (text) => {
  expect(parseMailbox(text)).toBeUndefined();
});

/** Mostly what addresses are made of, with now and then a character that must not be there. */
const nearly = fc.string({
  unit: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...'aZ09.-+_', 'é', 'ß', '例') },
    { weight: 1, arbitrary: fc.constantFrom(...'@<>,;:"()[]\\% \r\n\0', '\u202E', '\u3002', '\u00AD', '\u200B') },
  ),
  minLength: 1,
  maxLength: 12,
});

test('whatever is taken for a mailbox has nothing in it that ends a command or a header', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(nearly, nearly, (local, host) => {
      const address = parseMailbox(`${local}@${host}.test`);
      if (address === undefined) return;
      expect(address.envelope).not.toMatch(/[\s<>,;:"()[\]\\]|\p{Cc}|\p{Cf}/u);
      expect(address.envelope.split('@')).toHaveLength(2);
      expect(parseMailbox(address.identity)?.identity).toBe(address.identity);
    }),
    { numRuns: 300 },
  );
});

test('a sender may have a name', () => {
  expect(parseSender('Everpost <news@everpost.test>')).toEqual({ name: 'Everpost', email: 'news@everpost.test' });
  expect(parseSender('"Post, Ever" <news@everpost.test>')).toEqual({ name: 'Post, Ever', email: 'news@everpost.test' });
  expect(parseSender('news@everpost.test')).toEqual({ name: '', email: 'news@everpost.test' });
  expect(parseSender('A <a@b.test>, B <c@d.test>')).toBeUndefined();
});
