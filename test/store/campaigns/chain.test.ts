import { beforeEach, expect, test } from 'vitest';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const account = 7;
let campaign = 0;
beforeEach(() => {
  campaign += 1;
});

const key = (round: number) => ({ account, campaign, launch: 1, round });
const pages = () => store.ledger.collection<LedgerPage>('ledger').find({ campaign }).sort({ page: 1 }).toArray();
const addPage = (page: number, ids: number[], last: boolean) => rounds(store).addPages(key(0), page, [{ ids, last }]);

test('concurrent freezes create one chain: of a batch behind the stored end, nothing is stored', async () => {
  const add = (first: number, ids: number[][], ends = true) =>
    rounds(store).addPages(
      key(0),
      first,
      ids.map((page, k) => ({ ids: page, last: ends && k === ids.length - 1 })),
    );
  expect(await rounds(store).chainEnd(key(0))).toBeNull();
  expect(
    await add(
      0,
      [
        [1, 2, 3],
        [4, 5],
      ],
      false,
    ),
  ).toBe('added');
  expect(await add(0, [[1, 2], [3, 4], [5, 6], [7]])).toBe('taken');
  expect(await add(1, [[4], [5], [6]])).toBe('taken');
  expect(await rounds(store).chainEnd(key(0))).toEqual({ page: 1, id: 5, last: false, cut: false });
  await Promise.all([1, 2, 3].map((n) => add(2, [[5 + n], [10 + n]])));
  expect((await pages()).map((page) => page.last)).toEqual([false, false, false, true]);
  expect(await rounds(store).chainEnd(key(0))).toMatchObject({ page: 3, last: true });
});

test('an ended chain has an empty last page, and a freeze that was suspended adds none', async () => {
  await addPage(0, [1, 2], false);
  await rounds(store).endChain(key(0));
  await rounds(store).endChain(key(0));
  expect(await rounds(store).chainEnd(key(0))).toEqual({ page: 1, id: 0, last: true, cut: true });
  expect(
    await rounds(store).addPages(key(0), 1, [
      { ids: [3], last: false },
      { ids: [4], last: true },
    ]),
  ).toBe('taken');
  expect(await pages()).toMatchObject([{ ids: [1, 2] }, { ids: [], n: 0, last: true, done: true }]);
});

test('a round is over once its last page is stored and none is open', async () => {
  const state = () => ledger(store, 0).roundState(key(0));
  expect(await state()).toBe('growing');
  await insertPages(store, [
    { ...aPage({ account, campaign, ids: [1], settled: 1, claimed: 1, done: true }), last: false },
  ]);
  expect(await state()).toBe('growing');
  await addPage(1, [2], true);
  expect(await state()).toBe('open');
  const taken = await ledger(store, 0).take(key(0), 'mine', () => true);
  expect(taken?.page).toBe(1);
  expect(await state()).toBe('open');
  await store.ledger.collection<LedgerPage>('ledger').updateOne({ campaign, page: 1 }, { $set: { done: true } });
  expect(await state()).toBe('over');
});
