import { expect, test } from 'vitest';
import { sharedCalls } from '../../domain/shared-calls.js';

/** Calls that end when the test says so. */
function heldCalls(options: { most?: number; atOnce?: number; size?: { of: (item: number) => number; most: number } }) {
  const calls: { readonly items: readonly number[]; end(error?: Error): void }[] = [];
  const call = sharedCalls<number, string>({
    ...options,
    send: (items) =>
      new Promise((resolve, reject) => {
        calls.push({ items, end: (error) => (error ? reject(error) : resolve(items.map((item) => `${item}!`))) });
      }),
  });
  return { calls, call, sent: () => calls.map(({ items }) => items) };
}

/** Two turns: a call that ends in the first lets the next one begin in the second. */
const turn = async () => {
  for (let n = 0; n < 2; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

test('items of one turn travel together; newcomers wait for the end of the call', async () => {
  const { calls, call, sent } = heldCalls({});
  const first = [call(1), call(2)];
  await turn();
  const later = [call(3), call(4), call(5)];
  await turn();
  expect(sent()).toEqual([[1, 2]]);
  calls[0]?.end();
  expect(await Promise.all(first)).toEqual(['1!', '2!']);
  await turn();
  expect(sent()).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  calls[1]?.end();
  expect(await Promise.all(later)).toEqual(['3!', '4!', '5!']);
});

test('a call that fails fails its own items only', async () => {
  const { calls, call } = heldCalls({});
  const failing = call(1);
  await turn();
  const next = call(2);
  calls[0]?.end(new Error('no primary'));
  await expect(failing).rejects.toThrow('no primary');
  await turn();
  calls[1]?.end();
  expect(await next).toBe('2!');
});

test('a send that throws fails its items, and the next are sent', async () => {
  let calls = 0;
  const call = sharedCalls<number, number>({
    send: (items) => {
      calls += 1;
      if (calls === 1) throw new Error('defect');
      return Promise.resolve(items);
    },
  });
  await expect(call(1)).rejects.toThrow('defect');
  expect(await call(2)).toBe(2);
});

test('an item whose size cannot be told fails alone', async () => {
  const call = sharedCalls<number, number>({
    send: async (items) => items,
    size: {
      of: (item) => {
        if (item < 0) throw new Error('no size');
        return item;
      },
      most: 10,
    },
  });
  const failing = expect(call(-1)).rejects.toThrow('no size');
  expect(await Promise.all([call(1), call(2)])).toEqual([1, 2]);
  await failing;
});

test('a call that is not ready yet takes what comes meanwhile; a failing wait is tried again', async () => {
  const waits: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const sent: (readonly number[])[] = [];
  const call = sharedCalls<number, number>({
    send: async (items) => {
      sent.push(items);
      return items;
    },
    ready: () =>
      new Promise<void>((resolve, reject) => {
        waits.push({ resolve, reject });
      }),
  });
  const all = [call(1)];
  await turn();
  all.push(call(2));
  waits[0]?.reject(new Error('no answer'));
  await turn();
  waits[1]?.resolve();
  expect(await Promise.all(all)).toEqual([1, 2]);
  expect(sent).toEqual([[1, 2]]);
});

test('a call has so many items and bytes at most, in their order; a larger item travels alone', async () => {
  const { calls, call, sent } = heldCalls({ most: 3, size: { of: (item) => item, most: 10 } });
  for (const item of [1, 2, 3, 4, 5, 6, 50, 1]) void call(item);
  for (let n = 0; n < 6; n += 1) {
    await turn();
    calls[n]?.end();
  }
  expect(sent()).toEqual([[1, 2, 3], [4, 5], [6], [50], [1]]);
});

test('so many calls are under way at once', async () => {
  const { calls, call, sent } = heldCalls({ most: 1, atOnce: 2 });
  for (const item of [1, 2, 3]) void call(item);
  await turn();
  expect(sent()).toEqual([[1], [2]]);
  calls[1]?.end();
  await turn();
  expect(sent()).toEqual([[1], [2], [3]]);
});
