import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';

const old = { kid: 1, key: Buffer.alloc(32, 1), current: false };
const current = { kid: 2, key: Buffer.alloc(32, 2), current: true };
const ids = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('a token contains its campaign and recipient', { timeout: 60_000 }, () => {
  const links = linkTokens([old, current]);
  fc.assert(
    fc.property(ids, ids, (campaign, subscriber) => {
      const token = links.forRecipient(campaign, subscriber);
      expect(token).toMatch(/^[\w-]{36}$/);
      expect(links.read(token)).toEqual({ campaign, subscriber });
    }),
  );
});

test('a changed token is not read', () => {
  const links = linkTokens([current]);
  const token = links.forRecipient(7, 42);
  for (let i = 0; i < token.length; i += 1) {
    expect(links.read(token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1))).toBeUndefined();
  }
  for (const other of ['', token.slice(1), `${token}=`, `${token} `, '../../etc'])
    expect(links.read(other)).toBeUndefined();
});

test('links made before a rotation still work; those of a key that left the ring do not', () => {
  const before = linkTokens([{ ...old, current: true }]).forRecipient(0, 42);
  expect(linkTokens([old, current]).read(before)).toEqual({ campaign: 0, subscriber: 42 });
  expect(linkTokens([current]).read(before)).toBeUndefined();
});

test('a timed token has the time to the second, and a recipient’s token is not valid as a message’s', () => {
  const links = linkTokens([current]);
  const madeAt = new Date('2026-05-15T09:00:12Z');
  const later = new Date(madeAt.getTime() + 999);
  expect(links.read(links.forRecipient(7, 42, later))).toEqual({ campaign: 7, subscriber: 42, madeAt });
  expect(links.readMessage(links.forMessage(3, 42, later))).toEqual({ account: 3, message: 42, madeAt });
  expect(links.read(links.forMessage(3, 42, madeAt))).toBeUndefined();
  for (const other of [links.forRecipient(7, 42), links.forRecipient(7, 42, madeAt)]) {
    expect(links.readMessage(other)).toBeUndefined();
  }
});
