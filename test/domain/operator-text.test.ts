import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameForOperators, timeForOperators } from '../../domain/operator-text.js';

test.each([
  ['We open a second shop', 'We open a second shop'],
  ['Hello {{ first_name }}, this is Everpost', 'Hello {{ first_name }}, this is Everpost'],
  ['Tea & cake: 50 % #1', 'Tea & cake: 50 % #1'],
  ['For ada@example.org and "b c"@example.org', 'For … and …'],
  ['one\r\nX-Header: two\u0000\u001b[31m', 'one X-Header: two \\[31m'],
  ['\u202egnp.exe\u2066 a\u2028b', 'gnp.exe ab'],
  [
    '[free](http://evil.example) ![x](http://evil.example/x.png)',
    '\\[free\\](http://evil.example) !\\[x\\](http://evil.example/x.png)',
  ],
  [
    '<img src=http://evil.example/x> **bold** `code` _on_ \\',
    '\\<img src=http://evil.example/x> \\*\\*bold\\*\\* \\`code\\` \\_on\\_ \\\\',
  ],
  ['half \ud83d of an emoji', 'half of an emoji'],
])('the name %j is shown as %j', (text, shown) => {
  expect(nameForOperators(text)).toBe(shown);
});

test('a name is one line of at most 120 bytes without addresses and Markdown, whatever an account has chosen', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('@', '*', '_', '<', '[', '🎂', '\n', '\ud83d', '\u202e', ' ', 'a'.repeat(90)),
  );
  const anyText = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(anyText, anyText, (before, after) => {
      const shown = nameForOperators(`${before}ada@example.org${after}`);
      expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(120);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
      expect(shown).not.toContain('ada@');
      expect(shown.replace(/\\[\\`*[\]<_]/g, '')).not.toMatch(/[\\`*[\]<]/);
    }),
  );
});

test('a long name keeps its beginning', () => {
  expect(nameForOperators('ab '.repeat(60))).toBe(`${'ab '.repeat(39).trimEnd()}…`);
  expect(nameForOperators('🎂'.repeat(60))).toBe(`${'🎂'.repeat(29)}…`);
  expect(nameForOperators('*'.repeat(130))).toBe(`${'\\*'.repeat(58)}…`);
});

test.each([
  ['2026-01-01T09:00:00Z', '2025-12-31T09:00:00Z', '1 Jan 2026 09:00 UTC'],
  ['2026-10-11T23:59:59Z', '2026-01-01T09:00:00Z', '11 Oct 23:59 UTC'],
  ['2026-01-01T09:00:05Z', '2026-01-01T09:00:00Z', '1 Jan 09:00:05 UTC'],
  ['2026-01-01T08:59:05Z', '2026-01-01T09:00:00Z', '1 Jan 08:59:05 UTC'],
  ['+012026-01-01T09:00:00Z', '2026-01-01T09:00:00Z', '1 Jan 12026 09:00 UTC'],
])('the time %s is shown at %s as %s', (time, now, shown) => {
  expect(timeForOperators(new Date(time), new Date(now))).toBe(shown);
});
