import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { fromBase32, returnPaths, toBase32, unsubscribeAddress } from '../../../mail/tokens/return-path.js';

const old = { kid: 1, key: Buffer.alloc(32, 1), current: false };
const current = { kid: 2, key: Buffer.alloc(32, 2), current: true };
const ids = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const paths = returnPaths([old, current]);

test('a return path contains its campaign and recipient, is read in any case and has at most 64 octets', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(ids, ids, (campaign, subscriber) => {
      const local = paths.forRecipient(campaign, subscriber);
      expect(local).toMatch(/^b\+[a-z2-7]{24}\.[a-z2-7]{20}$/);
      expect(local.length).toBeLessThanOrEqual(64);
      for (const seen of [local, local.toUpperCase()]) {
        expect(paths.read(seen)).toEqual({ kind: 'recipient', campaign, subscriber });
      }
    }),
  );
});

test('a message has a return path too', () => {
  const message = randomUUID();
  const local = paths.forMessage(message);
  expect(local.length).toBeLessThanOrEqual(64);
  expect(paths.read(local.toUpperCase())).toEqual({ kind: 'message', message });
  expect(() => paths.forMessage('not a UUID')).toThrow(RangeError);
});

test.each([
  ['a mail without tracking', undefined],
  ['a tracked mail', new Date('2026-05-15T09:00:12Z')],
])('the unsubscribe address of %s contains the link’s token', (_, madeAt) => {
  const local = unsubscribeAddress(linkTokens([current]).forRecipient(7, 42, madeAt));
  expect(local.length).toBeLessThanOrEqual(64);
  const owner = { kind: 'leave', campaign: 7, subscriber: 42, ...(madeAt && { madeAt }) };
  for (const seen of [local, local.toUpperCase()]) expect(paths.read(seen)).toEqual(owner);
  expect(paths.read(`${local}aaaa`)).toBeUndefined();
});

test('the unsubscribe address of another link is not read', () => {
  const links = linkTokens([current]);
  for (const token of [links.forMessage(3, 42, new Date(0)), links.forConfirmation(7, 42)]) {
    expect(paths.read(unsubscribeAddress(token))).toBeUndefined();
  }
});

test('a return path with a changed letter, another key or a link’s MAC is not read', () => {
  const local = paths.forRecipient(7, 42);
  for (let i = 0; i < local.length; i += 1) {
    const forged = local.slice(0, i) + (local[i] === 'a' ? 'b' : 'a') + local.slice(i + 1);
    expect(paths.read(forged)).toBeUndefined();
  }
  const token = Buffer.from(linkTokens([current]).forRecipient(7, 42), 'base64url');
  const fromLink = `b+${toBase32(token.subarray(0, 15))}.${toBase32(token.subarray(15))}`;
  for (const other of [fromLink, '', 'b+', 'postmaster', `${local}x`, ` ${local}`]) {
    expect(paths.read(other)).toBeUndefined();
  }
  expect(returnPaths([{ ...old, current: true }]).read(local)).toBeUndefined();
  expect(returnPaths([{ ...current, key: old.key }]).read(local)).toBeUndefined();
});

test('paths made before a rotation still work', () => {
  const before = returnPaths([{ ...old, current: true }]).forRecipient(1, 2);
  expect(paths.read(before)).toEqual({ kind: 'recipient', campaign: 1, subscriber: 2 });
});

test('base32 of any octets reads back, and any other text is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      expect(fromBase32(toBase32(octets))).toEqual(Buffer.from(octets));
    }),
  );
  // The last one is the Kelvin sign, whose lower case is a k.
  for (const other of ['a', '1', 'ab!', 'ab=', 'aa aa', 'm\u212a']) expect(fromBase32(other)).toBeUndefined();
  expect(toBase32(Buffer.from('foobar'))).toBe('mzxw6ytboi');
});
