import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';

const old = { kid: 1, key: Buffer.alloc(32, 1), current: false };
const current = { kid: 2, key: Buffer.alloc(32, 2), current: true };
const tokens = linkTokens([old, current]);
const LINK = { campaign: 7, launch: 2, revision: 3, letter: 'a1b2c3d4e5f6', member: 4 };

test('an approval link contains its launch, letter and approver, also after a rotation', () => {
  expect(tokens.readApproval(tokens.forApproval(LINK))).toEqual(LINK);
  expect(tokens.readApproval(linkTokens([{ ...old, current: true }]).forApproval(LINK))).toEqual(LINK);
});

test('the first twelve digits of the letter’s hash are signed', () => {
  const token = tokens.forApproval({ ...LINK, letter: `${LINK.letter}${'0'.repeat(52)}` });
  expect(tokens.readApproval(token)).toEqual(LINK);
  expect(token).toHaveLength(56);
  const zeros = { ...LINK, letter: '000000000001' };
  expect(tokens.readApproval(tokens.forApproval(zeros))).toEqual(zeros);
  for (const letter of ['', 'a1b2c3', 'not a hash at all'])
    expect(() => tokens.forApproval({ ...LINK, letter })).toThrow(RangeError);
});

test('an approval link with a changed octet is not read', () => {
  const token = tokens.forApproval(LINK);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 41 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const octets = Buffer.from(token, 'base64url');
      octets.writeUInt8(octets.readUInt8(at) ^ by, at);
      expect(tokens.readApproval(octets.toString('base64url'))).toBeUndefined();
    }),
  );
});

test('a recipient’s link does not approve, and an approver’s link does not unsubscribe', () => {
  expect(tokens.readApproval(tokens.forRecipient(7, 4))).toBeUndefined();
  expect(tokens.read(tokens.forApproval(LINK))).toBeUndefined();
});
