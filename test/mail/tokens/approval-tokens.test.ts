import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { approvalTokens } from '../../../mail/tokens/approval-tokens.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';

const aKey = (kid: number, current: boolean) => ({ kid, key: randomBytes(32), current });
const old = aKey(1, false);
const ring = [old, aKey(2, true)];
const tokens = approvalTokens(ring);
const LINK = { campaign: 7, launch: 2, revision: 3, letter: 'a1b2c3d4e5f6', member: 4 };

test('a link says which text of which launch, and for whom, also after a rotation', () => {
  expect(tokens.read(tokens.sign(LINK))).toEqual(LINK);
  expect(tokens.read(approvalTokens([{ ...old, current: true }]).sign(LINK))).toEqual(LINK);
});

test('of a letter’s hash its beginning is signed', () => {
  const token = tokens.sign({ ...LINK, letter: `${LINK.letter}${'0'.repeat(52)}` });
  expect(tokens.read(token)).toEqual(LINK);
  expect(token).toHaveLength(56);
});

test('nothing that was touched is read', () => {
  const token = tokens.sign(LINK);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 41 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const bytes = Buffer.from(token, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(at) ^ by, at);
      expect(tokens.read(bytes.toString('base64url'))).toBeUndefined();
    }),
  );
});

test('a recipient’s link is no approver’s, and the other way round', () => {
  const links = linkTokens(ring);
  expect(tokens.read(links.forRecipient(7, 4))).toBeUndefined();
  expect(links.read(tokens.sign(LINK))).toBeUndefined();
});
