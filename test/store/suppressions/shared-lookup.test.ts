import type { Collection } from 'mongodb';
import { expect, test } from 'vitest';
import { optOuts } from '../../../store/suppressions/opt-outs.js';
import { sharedLookup } from '../../../store/suppressions/shared-lookup.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

interface Row {
  readonly _id: string;
  readonly account: number;
}

/** The look-up of a collection, and the sizes of its finds. */
function counted() {
  const rows = store.db.collection<Row>('looked_up');
  const finds: number[] = [];
  const find = (filter: { readonly _id: { readonly $in: string[] } }) => {
    finds.push(filter._id.$in.length);
    return rows.find(filter);
  };
  return { rows, finds, lookup: sharedLookup({ find } as unknown as Collection<Row>) };
}

test('concurrent look-ups share a find, and each gets the rows of its own ids and account', async () => {
  const { rows, finds, lookup } = counted();
  await rows.insertMany([
    { _id: 'a', account: 1 },
    { _id: 'b', account: 2 },
  ]);
  const found = await Promise.all([lookup(1, ['a', 'x']), lookup(2, ['b']), lookup(2, ['a']), lookup(1, ['y'])]);
  expect(found).toEqual([[{ _id: 'a', account: 1 }], [{ _id: 'b', account: 2 }], [], []]);
  expect(finds).toEqual([4]);
});

test('a look-up sees what was written before it, and a large one is made alone', async () => {
  const { rows, finds, lookup } = counted();
  const first = lookup(1, ['late']);
  await rows.insertOne({ _id: 'late', account: 1 });
  expect(await lookup(1, ['late'])).toHaveLength(1);
  await first;
  const many = Array.from({ length: 60 }, (_, i) => `many ${i}`);
  await Promise.all([lookup(1, many), lookup(1, ['late'])]);
  expect(finds.sort()).toEqual([1, 1, 1, 60]);
});

test('suppressions, opt-outs and bad domains of concurrent calls are not mixed up', async () => {
  const { among, add, badDomainsAmong, recordBadDomain } = suppressions(store);
  const { among: optedOutAmong, add: optOut } = optOuts(store);
  const at = new Date();
  await Promise.all([
    add(1, 'ann@example.com', 'manual', null),
    optOut(1, 5, 'bo@example.com'),
    recordBadDomain(1, 'bad.example', 'no mail', at),
    recordBadDomain(1, 'old.example', 'no mail', new Date(at.getTime() - 25 * 3_600_000)),
  ]);
  const both = ['ann@example.com', 'bo@example.com'];
  const domains = ['bad.example', 'old.example'];
  expect(await Promise.all([among(1, both), among(2, both), among(1, [])])).toEqual([
    new Set(['ann@example.com']),
    new Set(),
    new Set(),
  ]);
  expect(await Promise.all([optedOutAmong(1, 5, both), optedOutAmong(1, 6, both), optedOutAmong(2, 5, both)])).toEqual([
    new Set(['bo@example.com']),
    new Set(),
    new Set(),
  ]);
  expect(await Promise.all([badDomainsAmong(1, domains), badDomainsAmong(2, domains)])).toEqual([
    new Map([['bad.example', { reply: 'no mail', at }]]),
    new Map(),
  ]);
});
