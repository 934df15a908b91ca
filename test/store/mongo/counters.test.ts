import { expect, test } from 'vitest';
import { counters } from '../../../store/mongo/counters.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const last = async () => (await store.db.collection<{ last: number }>('counters').findOne({}))?.last;
const each = (count: number) => Array.from({ length: count }, (_, i) => i);

test('messages of two processes never have the same number, and a process takes a thousand at once', async () => {
  const processes = [counters(store), counters(store)];
  const numbers = await Promise.all(each(200).map((i) => processes[i % 2]?.messageNumbers(1)));
  expect(new Set(numbers)).toEqual(new Set([...each(100).map((i) => 1 + i), ...each(100).map((i) => 1_001 + i)]));
  expect(await last()).toBe(2_000);
});

test('the copies of a request have consecutive numbers, also at the end of a block', async () => {
  const before = (await last()) ?? 0;
  const { messageNumbers } = counters(store);
  expect(await Promise.all([messageNumbers(999), messageNumbers(3), messageNumbers(1)])).toEqual([
    before + 1,
    before + 1_001,
    before + 1_000,
  ]);
  expect(await counters(store).messageNumbers(2_500)).toBe(before + 2_001);
  expect(await last()).toBe(before + 4_500);
});

test('after a block that could not be taken, the next request takes one', async () => {
  let fails = true;
  const collection = (...args: Parameters<typeof store.db.collection>) => {
    const rows = store.db.collection(...args);
    const findOneAndUpdate: typeof rows.findOneAndUpdate = (...write: unknown[]) =>
      fails ? Promise.reject(new Error('no primary')) : Reflect.apply(rows.findOneAndUpdate, rows, write);
    return { findOneAndUpdate };
  };
  const { messageNumbers } = counters({ ...store, db: { collection } as never });
  await expect(Promise.all([messageNumbers(1), messageNumbers(1)])).rejects.toThrow('no primary');
  fails = false;
  const [first = 0, second] = await Promise.all([messageNumbers(1), messageNumbers(1)]);
  expect(second).toBe(first + 1);
});
