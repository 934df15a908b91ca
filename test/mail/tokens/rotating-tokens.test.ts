import { afterEach, expect, test } from 'vitest';
import { useClock } from '../../../clock.js';
import { type LinkKey, linkTokens } from '../../../mail/tokens/link-tokens.js';
import { rotatingTokens } from '../../../mail/tokens/rotating-tokens.js';

const old: LinkKey = { kid: 1, key: Buffer.alloc(32, 1), current: true };
const rotated: readonly LinkKey[] = [
  { kid: 2, key: Buffer.alloc(32, 2), current: true },
  { ...old, current: false },
];

let time = 0;
let restore = useClock({ monotonic: () => time });
afterEach(() => {
  restore();
  restore = useClock({ monotonic: () => time });
});

test('a worker signs with a new key a minute after the rotation, and reads both', async () => {
  let reads = 0;
  const ring = rotatingTokens([old], async () => {
    reads += 1;
    return rotated;
  });
  const before = ring.forRecipient(7, 42);
  time += 59_000;
  expect(ring.forRecipient(7, 42)).toBe(before);
  time += 2_000;
  ring.forRecipient(7, 42);
  await Promise.resolve();
  expect(ring.forRecipient(7, 42)).toBe(linkTokens(rotated).forRecipient(7, 42));
  expect(ring.read(before)).toEqual({ campaign: 7, subscriber: 42 });
  expect(reads).toBe(1);
});

test('where the ring cannot be read the keys at hand stay good', async () => {
  const ring = rotatingTokens([old], () => Promise.reject(new Error('no store')));
  const before = ring.forRecipient(7, 42);
  time += 120_000;
  ring.forRecipient(7, 42);
  await Promise.resolve();
  expect(ring.forRecipient(7, 42)).toBe(before);
});
