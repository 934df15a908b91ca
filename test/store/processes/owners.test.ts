import { expect, test } from 'vitest';
import { owners } from '../../../store/processes/owners.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
let count = 0;
const anId = () => `owner-${++count}`;
const read = async (id: string) => (await owners(store).all()).find(({ _id }) => _id === id);

test('the election is the same until the primary changes', async () => {
  const { election } = owners(store);
  expect(await election()).toMatch(/^[0-9a-f]{24}$/);
  expect(await election()).toBe(await election());
});

test('each beat raises the count of its owner and stores the election', async () => {
  const id = anId();
  const { beat } = owners(store);
  await beat(id, 'one');
  expect(await read(id)).toEqual({ _id: id, beats: 1, primary: 'one', dead_at: null });
  await beat(id, 'two');
  expect(await read(id)).toEqual({ _id: id, beats: 2, primary: 'two', dead_at: null });
});

test('an owner that has beaten since it was read is not declared dead; another is, once', async () => {
  const id = anId();
  const { beat, declareDead } = owners(store);
  await beat(id, 'one');
  await beat(id, 'one');
  expect(await declareDead({ _id: id, beats: 1 })).toBe(false);
  expect(await read(id)).toMatchObject({ dead_at: null });
  const observers = await Promise.all([1, 2, 3].map(() => declareDead({ _id: id, beats: 2 })));
  expect(observers.filter(Boolean)).toHaveLength(1);
  expect(await read(id)).toMatchObject({ dead_at: expect.any(Date) });
});

test('a dead owner stays dead, whatever it writes', async () => {
  const id = anId();
  const { beat, declareDead, end } = owners(store);
  await beat(id, 'one');
  await declareDead({ _id: id, beats: 1 });
  const dead = await read(id);
  await beat(id, 'two');
  await end(id);
  expect(await read(id)).toEqual(dead);
});

test('an owner that ends in order is dead at once', async () => {
  const id = anId();
  const { beat, end } = owners(store);
  await beat(id, 'one');
  await end(id);
  expect(await read(id)).toMatchObject({ beats: 1, dead_at: expect.any(Date) });
});
