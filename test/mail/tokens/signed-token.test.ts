import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Purpose, payloadOctets, type SignedTokens, signedTokens } from '../../../mail/tokens/signed-token.js';

const old = { kid: 1, key: Buffer.alloc(32, 1), current: false };
const current = { kid: 2, key: Buffer.alloc(32, 2), current: true };
const ring = signedTokens([old, current]);

const SIGNED: Readonly<Record<Purpose, (tokens: SignedTokens) => Buffer>> = {
  recipient: ({ sign }) => sign('recipient', [7, 42]),
  confirmation: ({ sign }) => sign('confirmation', [7, 42]),
  timedRecipient: ({ sign }) => sign('timedRecipient', [7, 42, 1_000]),
  message: ({ sign }) => sign('message', [7, 42, 1_000]),
  recipientReturnPath: ({ sign }) => sign('recipientReturnPath', [7, 42]),
  messageReturnPath: ({ sign }) => sign('messageReturnPath', [7, 42, 1_000]),
  approval: ({ sign }) => sign('approval', [7, 42, 1, 2, 3]),
  campaignPreview: ({ sign }) => sign('campaignPreview', [7, 42, 1_000]),
  templatePreview: ({ sign }) => sign('templatePreview', [7, 42, 1_000]),
};
const PURPOSES = Object.keys(SIGNED) as Purpose[];

test.each(PURPOSES)('a token for %s is verified for that purpose alone, also with its code exchanged', (purpose) => {
  const token = SIGNED[purpose](ring);
  for (const other of PURPOSES) {
    const relabelled = Buffer.from(token);
    relabelled.writeUInt8(SIGNED[other](ring).readUInt8(0), 0);
    expect(ring.verify(other, token) !== undefined).toBe(other === purpose);
    expect(ring.verify(other, relabelled) !== undefined).toBe(other === purpose);
  }
});

test.each(PURPOSES)('a shortened, lengthened or changed token for %s is refused', (purpose) => {
  const token = SIGNED[purpose](ring);
  for (let length = 0; length < token.length; length += 1) {
    expect(ring.verify(purpose, token.subarray(0, length))).toBeUndefined();
  }
  expect(ring.verify(purpose, Buffer.concat([token, Buffer.alloc(1)]))).toBeUndefined();
  expect(ring.verify(purpose, Buffer.concat([token.subarray(0, payloadOctets(purpose)), token]))).toBeUndefined();
  fc.assert(
    fc.property(fc.nat({ max: token.length * 8 - 1 }), (bit) => {
      const changed = Buffer.from(token);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(ring.verify(purpose, changed)).toBeUndefined();
    }),
  );
});

test.each(PURPOSES)('the key that a token for %s names must have signed it and still be in the ring', (purpose) => {
  const before = SIGNED[purpose](signedTokens([{ ...old, current: true }]));
  expect(ring.verify(purpose, before)).toBeDefined();
  expect(signedTokens([current]).verify(purpose, before)).toBeUndefined();
  const renamed = Buffer.from(before);
  renamed.writeUInt16BE(current.kid, 1);
  expect(ring.verify(purpose, renamed)).toBeUndefined();
});

test('no two purposes share a code', () => {
  expect(new Set(PURPOSES.map((purpose) => SIGNED[purpose](ring).readUInt8(0))).size).toBe(PURPOSES.length);
});

test('a field that does not fit is an error, not another id', () => {
  for (const id of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 48, 2 ** 53]) {
    expect(() => ring.sign('recipient', [id, 1])).toThrow(RangeError);
    expect(() => ring.sign('recipient', [1, id])).toThrow(RangeError);
  }
  expect(() => ring.sign('message', [1, 1, 2 ** 32])).toThrow(RangeError);
});

test('a ring without a current key is refused at start', () => {
  expect(() => signedTokens([old])).toThrow('no current key');
});
