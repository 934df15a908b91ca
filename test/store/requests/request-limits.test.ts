import { expect, test } from 'vitest';
import { type RequestCount, requestLimits } from '../../../store/requests/request-limits.js';
import { ownStore } from '../../support/store/own-store.js';
import { until } from '../../support/until.js';

const store = ownStore();
const each = (count: number) => Array.from({ length: count }, (_, i) => i);
const stored = async () =>
  (await store.db.collection('request_limits').find().sort({ key: 1 }).toArray()).map(({ key, points }) => [
    key,
    points,
  ]);

test('concurrent requests get positions of their own, over all processes exactly as many as the limit', async () => {
  const processes = [requestLimits(store), requestLimits(store)];
  const counts = await Promise.all(each(60).map((i) => processes[i % 2]?.count('exact', 41, 'key 1')));
  const within = counts.filter((one) => one?.over === false);
  expect(within.map((one) => one?.left).sort((a = 0, b = 0) => a - b)).toEqual(each(41));
  expect(counts.filter((one) => one?.over)).toHaveLength(19);
  expect(counts.every((one) => one !== undefined && one.ms > 0 && one.ms <= 60_000)).toBe(true);
});

test('concurrent requests share an upsert for each key, and one key does not use up the limit of another', async () => {
  await store.db.collection('request_limits').deleteMany({});
  const { count } = requestLimits(store);
  const ones = await Promise.all(each(30).map((i) => count('shared', 12, `key ${i % 3}`)));
  for (const key of [0, 1, 2]) {
    expect(ones.filter((_, i) => i % 3 === key).map(({ left, over }) => [left, over])).toEqual(
      each(10).map((place) => [11 - place, false]),
    );
  }
  expect(await stored()).toEqual([0, 1, 2].map((key) => [`shared:key ${key}`, 10]));
  expect((await Promise.all(each(4).map(() => count('shared', 12, 'key 0')))).map(({ over }) => over)).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(await count('shared', 12, 'key 0')).toMatchObject({ left: 0, over: true });
});

test('far from the limit requests do not wait for their counts, which are written together', async () => {
  await store.db.collection('request_limits').deleteMany({});
  const { count } = requestLimits(store);
  const counts: RequestCount[] = [];
  for (const _ of each(20)) counts.push(await count('far', 1_000, 'key 1'));
  expect(counts.map(({ left, over }) => [left, over])).toEqual(each(20).map((n) => [999 - n, false]));
  expect(await stored()).toEqual([['far:key 1', 1]]);
  await until(async () => (await stored())[0]?.[1] === 20);
  expect(await requestLimits(store).count('far', 1_000, 'key 1')).toMatchObject({ left: 979 });
});

test('requests one after another reach the limit exactly', async () => {
  const { count } = requestLimits(store);
  const counts: RequestCount[] = [];
  for (const _ of each(45)) counts.push(await count('sequence', 41, 'key 1'));
  expect(counts.map(({ left, over }) => [left, over])).toEqual([
    ...each(41).map((n) => [40 - n, false]),
    ...each(4).map(() => [0, true]),
  ]);
});

test('requests that come while the last counts of a limit are written are over it', async () => {
  const { count } = requestLimits(store);
  const counts = [count('last', 60, 'key 1')];
  await counts[0];
  counts.push(...each(59).map(() => count('last', 60, 'key 1')));
  // The counts are on their way to the store.
  for (const _ of each(2)) await new Promise((resolve) => setImmediate(resolve));
  counts.push(...each(5).map(() => count('last', 60, 'key 1')));
  expect((await Promise.all(counts)).filter(({ over }) => !over)).toHaveLength(60);
});

test('a count that fails for one key fails for its requests alone', async () => {
  const { count } = requestLimits(store);
  await store.db.collection('request_limits').insertOne({ key: 'broken:key 1', points: 'many', expire: null });
  const [broken, again, whole] = await Promise.allSettled([
    count('broken', 5, 'key 1'),
    count('broken', 5, 'key 1'),
    count('broken', 5, 'key 2'),
  ]);
  expect([broken?.status, again?.status, whole?.status]).toEqual(['rejected', 'rejected', 'fulfilled']);
});
