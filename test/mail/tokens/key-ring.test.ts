import { afterEach, beforeEach, expect, test } from 'vitest';
import { useClock } from '../../../clock.js';
import { type LinkKey, ringReader, rotatingRing } from '../../../mail/tokens/key-ring.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';

const old: LinkKey = { kid: 1, key: Buffer.alloc(32, 1), current: true };
const rotated: readonly LinkKey[] = [
  { kid: 2, key: Buffer.alloc(32, 2), current: true },
  { ...old, current: false },
];

let time = 0;
let restore = () => {};
beforeEach(() => {
  restore = useClock({ monotonic: () => time });
});
afterEach(() => restore());

test('a worker signs with a new key a minute after the rotation, and reads both', async () => {
  let reads = 0;
  const tokens = linkTokens(
    rotatingRing([old], async () => {
      reads += 1;
      return rotated;
    }),
  );
  const before = tokens.forRecipient(7, 42);
  time += 59_000;
  expect(tokens.forRecipient(7, 42)).toBe(before);
  time += 2_000;
  tokens.forRecipient(7, 42);
  await Promise.resolve();
  expect(tokens.forRecipient(7, 42)).toBe(linkTokens(rotated).forRecipient(7, 42));
  expect(tokens.read(before)).toEqual({ campaign: 7, subscriber: 42 });
  expect(reads).toBe(1);
});

test('if the ring cannot be read, the present keys stay in use', async () => {
  const tokens = linkTokens(rotatingRing([old], () => Promise.reject(new Error('no store'))));
  const before = tokens.forRecipient(7, 42);
  time += 120_000;
  tokens.forRecipient(7, 42);
  await Promise.resolve();
  expect(tokens.forRecipient(7, 42)).toBe(before);
});

test('a reader reloads the ring for an unknown token, at most once per interval, and after a minute', async () => {
  let reads = 0;
  let stored: readonly LinkKey[] = [old];
  const latest = async () => {
    reads += 1;
    return stored;
  };
  const read = ringReader(latest, 1_000);
  const readerOf = (token: string) => read((ring) => linkTokens(ring).read(token));
  const before = linkTokens([old]).forRecipient(7, 42);
  const after = linkTokens(rotated).forRecipient(7, 42);
  expect(await readerOf(before)).toEqual({ campaign: 7, subscriber: 42 });
  stored = rotated;
  for (let i = 0; i < 20; i += 1) expect(await readerOf(after)).toBeUndefined();
  expect(reads).toBe(1);
  time += 1_000;
  expect(await readerOf(after)).toEqual({ campaign: 7, subscriber: 42 });
  expect(reads).toBe(2);
  stored = rotated.filter(({ current }) => current);
  expect(await readerOf(before)).toEqual({ campaign: 7, subscriber: 42 });
  time += 60_000;
  expect(await readerOf(before)).toBeUndefined();
});
