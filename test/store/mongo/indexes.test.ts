import { afterEach, expect, test } from 'vitest';
import { buildIndexes } from '../../../store/indexes/build.js';
import type { Index } from '../../../store/indexes/definition.js';
import { missingIndexes } from '../../../store/indexes/missing.js';
import { RETIRED_INDEXES } from '../../../store/indexes/retired.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore({ isNew: true });
const wanted: readonly Index[] = [
  { on: 'ledger', keys: { large: 1 }, serves: 'a search' },
  { on: 'ledger', keys: { unique: 1 }, options: { unique: true }, serves: 'one row each' },
  { on: 'small', keys: { one: 1 }, serves: 'a search' },
  { on: 'new', keys: { one: 1 }, serves: 'a search' },
];
// A later file gets this database, with its indexes.
afterEach(() => Promise.all(['ledger', 'small', 'new'].map((name) => store.db.collection(name).drop())));

const missing = async () =>
  (await missingIndexes(store.db, wanted)).flatMap(({ on, indexes }) =>
    indexes.map(({ keys, state }) => `${on} ${Object.keys(keys)} ${state}`),
  );
const namesOf = async (on: string) => (await store.db.collection(on).indexes()).map(({ name }) => name);

test('a start waits for unique indexes and those of small collections; others are built behind it', async () => {
  await store.db.collection('ledger').insertMany([1, 2, 3].map((campaign) => ({ campaign, unique: campaign })));
  await store.db.collection('small').insertMany([{}, {}]);
  const [retired] = RETIRED_INDEXES;
  await store.db.collection('ledger').createIndex({ 'ids.0': 1 }, { name: retired?.name ?? '' });
  expect((await missing()).length).toBe(4);

  const { rest } = await buildIndexes(store.db, { large: 2, wanted });
  expect(await missing()).toEqual(['ledger large missing']);
  // Queries of the collection may still need the index that will be dropped.
  expect(await namesOf('ledger')).toContain(retired?.name);
  await rest();
  expect(await missing()).toEqual([]);
  expect(await namesOf('ledger')).not.toContain(retired?.name);
  await (await buildIndexes(store.db, { large: 2, wanted })).rest();
});
