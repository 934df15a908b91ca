import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ExceptionKind } from '../../../domain/campaign/campaign.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { uncertainRecipients } from '../../../store/campaigns/uncertain-recipients.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';

const account = 7;

let database: TestDatabase;
let store: Store;
let campaign = 0;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
beforeEach(() => {
  campaign += 1;
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const key = (round: number) => ({ account, campaign, launch: 1, round });
const pages = () =>
  store.ledger.collection<LedgerPage>('ledger').find({ campaign }).sort({ round: 1, page: 1 }).toArray();
/** A done page on which each recipient has the fate given for their index. */
const aDonePage = (round: number, page: number, ids: number[], kinds: readonly (ExceptionKind | 'sent')[]) => {
  const exceptions = kinds.flatMap((kind, i) => (kind === 'sent' ? [] : [anException({ i, kind })]));
  const marks = { settled: ids.length, claimed: ids.length, published: exceptions.length, done: true };
  return aPage({ account, campaign, round, page, ids, exceptions: exceptions, ...marks });
};
const addPage = (round: ReturnType<typeof key>, page: number, ids: number[], last: boolean) =>
  rounds(store).addPages(round, page, [{ ids, last }]);
const nexts = async () => (await pages()).flatMap((page) => page.exceptions.map(({ i, next }) => [page.ids[i], next]));
const all = async (ids: AsyncGenerator<number>) => {
  const found: number[] = [];
  for await (const id of ids) found.push(id);
  return found;
};

test('a new page has no owner; an empty audience is an empty page, done', async () => {
  await addPage(key(0), 0, [1, 2], true);
  await addPage(key(1), 0, [], true);
  expect(await pages()).toMatchObject([
    { n: 2, settled: 0, claimed: 0, token: null, seen: new Date(0), done: false },
    { n: 0, done: true, last: true },
  ]);
});

test('a round marks entries once: of its kinds, not retried before, of earlier rounds only', async () => {
  await insertPages(store, [
    aDonePage(0, 0, [1, 2, 3], ['deferred', 'failed', 'sent']),
    aDonePage(1, 0, [4, 5], ['deferred', 'uncertain']),
    aDonePage(2, 0, [6], ['deferred']),
  ]);
  await rounds(store).mark(key(1), ['deferred']);
  await rounds(store).mark(key(2), ['deferred', 'uncertain']);
  const once = await nexts();
  await rounds(store).mark(key(2), ['deferred', 'uncertain']);
  await rounds(store).mark(key(1), ['deferred']);
  expect(once).toEqual([
    [1, 1],
    [2, null],
    [4, 2],
    [5, 2],
    [6, null],
  ]);
  expect(await nexts()).toEqual(once);
});

test('a mark for given recipients marks only them', async () => {
  await insertPages(store, [
    aDonePage(0, 0, [1, 2], ['failed', 'failed']),
    aDonePage(0, 1, [3, 4], ['failed', 'uncertain']),
  ]);
  await rounds(store).mark(key(1), ['failed'], new Set([2, 4, 99]));
  expect(await nexts()).toEqual([
    [1, null],
    [2, 1],
    [3, null],
    [4, null],
  ]);
});

test.for([undefined, new Set([1, 2])])(
  'evidence that comes after the mark finds the round closed (%s)',
  async (only) => {
    const page = aDonePage(0, 0, [1, 2], ['failed', 'uncertain']);
    await insertPages(store, [page]);
    await rounds(store).mark(key(1), ['failed'], only);
    await addPage(key(1), 0, [1], true);
    const late = { i: 1, kind: 'failed', class: 'refused', code: '550', reply: null, at: new Date(0) } as const;
    expect(await uncertainRecipients(store).recordLateEvidence(page.account, page._id, late)).toBe(true);
    await rounds(store).mark(key(1), ['failed'], only);
    expect(await nexts()).toEqual([
      [1, 1],
      [2, null],
    ]);
  },
);

test('unsent recipients of a cancelled campaign are taken once: never claimed, or deferred when it was cancelled', async () => {
  await insertPages(store, [
    { ...aDonePage(0, 0, [1, 2, 3, 4], ['failed', 'deferred']), settled: 2, claimed: 2 },
    { ...aDonePage(0, 1, [5, 6], []), settled: 0, claimed: 0, last: true },
  ]);
  await rounds(store).expire(key(0), { kind: 'skipped', class: 'cancelled' });
  await rounds(store).mark(key(1), ['unsent'], new Set([2, 3, 5]));
  await rounds(store).mark(key(1), ['unsent'], new Set([2, 3, 5]));
  expect(await all(rounds(store).marked(key(1), 0))).toEqual([2, 3, 5]);
  await rounds(store).mark(key(2), ['unsent']);
  expect(await all(rounds(store).marked(key(2), 0))).toEqual([4, 6]);
  expect(await pages()).toMatchObject([
    { settled: 4, claimed: 4, published: 4, done: true },
    { settled: 2, claimed: 2, published: 2, done: true },
  ]);
  expect((await pages()).flatMap(({ exceptions }) => exceptions.map(({ kind }) => kind))).toEqual([
    'failed',
    ...Array.from({ length: 5 }, () => 'skipped'),
  ]);
});

test('a late freeze of an earlier round marks nothing for a round that is over', async () => {
  const page = aDonePage(0, 0, [1, 2], ['deferred', 'uncertain']);
  await insertPages(store, [page]);
  await rounds(store).mark(key(1), ['deferred']);
  await rounds(store).mark(key(2), ['uncertain']);
  await rounds(store).mark(key(1), ['deferred', 'uncertain', 'failed']);
  expect(await nexts()).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('the recipients of a retry ascend over all earlier rounds, after the last stored id', async () => {
  await insertPages(store, [
    aDonePage(0, 0, [1, 4, 9], ['deferred', 'sent', 'deferred']),
    aDonePage(0, 1, [10, 12], ['uncertain', 'deferred']),
    aDonePage(1, 0, [2, 11], ['deferred', 'deferred']),
  ]);
  await rounds(store).mark(key(2), ['deferred']);
  expect(await all(rounds(store).marked(key(2), 0))).toEqual([1, 2, 9, 11, 12]);
  expect(await all(rounds(store).marked(key(2), 9))).toEqual([11, 12]);
});

test('places published in another order than on the page still ascend', async () => {
  const exceptions = [anException({ i: 2, kind: 'deferred' }), anException({ i: 0, kind: 'deferred' })];
  await insertPages(store, [{ ...aDonePage(0, 0, [1, 2, 3], []), exceptions: exceptions }]);
  await rounds(store).mark(key(1), ['deferred']);
  expect(await all(rounds(store).marked(key(1), 0))).toEqual([1, 3]);
});

test('a round is not frozen before the earlier ones are over', async () => {
  await insertPages(store, [
    { ...aDonePage(0, 0, [1], ['sent']), last: false },
    aPage({ account, campaign, page: 1, ids: [2], last: false }),
  ]);
  expect(await rounds(store).areEarlierOver(key(1))).toBe(false);
  expect(await rounds(store).areEarlierOver(key(0))).toBe(true);
  await store.ledger.collection<LedgerPage>('ledger').updateMany({ campaign }, { $set: { done: true } });
  expect(await rounds(store).areEarlierOver(key(1))).toBe(false);
  await rounds(store).endChain(key(0));
  expect(await rounds(store).areEarlierOver(key(1))).toBe(true);
  expect(await rounds(store).recipientsOf(key(0))).toBe(2);
});

test('expire: deferred recipients fail, except those that a later round retries', async () => {
  await insertPages(store, [aDonePage(0, 0, [1, 2], ['deferred', 'failed'])]);
  await rounds(store).mark(key(1), ['deferred']);
  await insertPages(store, [aDonePage(1, 0, [1], ['deferred'])]);
  await rounds(store).expire(key(1));
  await rounds(store).expire(key(1));
  const exceptions = (await pages()).flatMap((page) => page.exceptions);
  expect(exceptions.map((entry) => [entry.kind, entry.class, entry.next])).toEqual([
    ['deferred', 'refused', 1],
    ['failed', 'refused', null],
    ['failed', 'expired', null],
  ]);
});

test('close: a page at rest is closed with its entries; one that was taken meanwhile is not', async () => {
  const exceptions = [anException({ i: 0, kind: 'failed' })];
  const resting = aPage({ account, campaign, ids: [1, 2, 3], settled: 1, claimed: 1, exceptions: exceptions });
  await insertPages(store, [resting]);
  for await (const page of rounds(store).idlePages(key(0))) {
    const taken = await ledger(store, -1_000).take(key(0), 'mine', () => true);
    expect(await rounds(store).closeUnclaimed(page)).toBe(false);
    if (taken !== undefined) await ledger(store, 0).release(taken, () => true);
  }
  expect(await rounds(store).closeUnclaimed(resting)).toBe(true);
  expect(await pages()).toMatchObject([{ done: true, settled: 1, claimed: 1, published: 1 }]);
  expect(await rounds(store).openPagesOf(key(0))).toBe(0);
});

test('pages of a launch without claims are removed; with a single claim they are kept', async () => {
  await insertPages(store, [aPage({ account, campaign, ids: [1] }), aPage({ account, campaign, page: 1, ids: [2] })]);
  expect(await rounds(store).deleteUnclaimed({ account, campaign, launch: 1 })).toBe(true);
  await insertPages(store, [aPage({ account, campaign, ids: [1], claimed: 1 })]);
  expect(await rounds(store).deleteUnclaimed({ account, campaign, launch: 1 })).toBe(false);
});

test('pages of a later launch are kept where a cancelled one is removed', async () => {
  await insertPages(store, [aPage({ account, campaign, ids: [1] }), aPage({ account, campaign, launch: 2, ids: [2] })]);
  expect(await rounds(store).deleteUnclaimed({ account, campaign, launch: 1 })).toBe(true);
  await rounds(store).deleteOrphans({ account, campaign, launch: 1 });
  expect(await pages()).toMatchObject([{ launch: 2 }]);
});

test('pages that a freeze of a cancelled launch creates later are ignored by the next launch and removed', async () => {
  const [earlier, later] = [
    { ...key(0), launch: 1 },
    { ...key(0), launch: 2 },
  ];
  await addPage(later, 0, [1, 2], true);
  await addPage(earlier, 0, [2], false);
  expect(await rounds(store).chainEnd(later)).toMatchObject({ id: 2, last: true });
  expect(await rounds(store).recipientsOf(later)).toBe(2);
  await rounds(store).deleteOrphans(later);
  expect(await rounds(store).chainEnd(earlier)).toBeNull();
  expect(await rounds(store).chainEnd(later)).toMatchObject({ id: 2 });
});
