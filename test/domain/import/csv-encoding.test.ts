import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodingProbe, fromWindows1252, utf16Of } from '../../../domain/import/csv.js';

function verdictOf(bytes: Uint8Array, cut: number) {
  const probe = encodingProbe();
  for (let at = 0; at < bytes.length; at += cut) probe.add(bytes.subarray(at, at + cut));
  return probe.encoding();
}

describe('the encoding of a file', () => {
  test('UTF-8 is recognised in any blocks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), (text, cut) => {
        expect(verdictOf(Buffer.from(text), cut)).toBe('utf-8');
      }),
    );
  });

  test.each([
    ['a byte that is invalid in UTF-8', Buffer.from('J\xf6rg,', 'latin1')],
    ['a character cut off at the very end', Buffer.from('Jö').subarray(0, 2)],
  ])('%s makes it windows-1252', (_name, bytes) => {
    for (const cut of [1, 2, 100]) expect(verdictOf(bytes, cut)).toBe('windows-1252');
  });

  test('windows-1252 has characters where Latin-1 has controls', () => {
    expect(fromWindows1252(Buffer.from([0x80, 0x8e, 0x93, 0x94, 0x9f, 0xe4, 0x41]).toString('latin1'))).toBe('€Ž“”ŸäA');
  });

  test('UTF-16 is recognised by its byte order mark', () => {
    expect(utf16Of(Uint8Array.of(0xff, 0xfe, 0x65))).toBe('utf-16le');
    expect(utf16Of(Uint8Array.of(0xfe, 0xff, 0x00))).toBe('utf-16be');
    expect(utf16Of(Uint8Array.of(0xef, 0xbb, 0xbf))).toBeUndefined();
  });
});
