import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../clock.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { ledger } from '../../../store/campaigns/ledger.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { outcomeIsUnknown } from '../../../store/mongo/unknown-outcome.js';
import { type Fault, unreliableStore } from '../../model/network.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';
import { anException, aPage } from '../../support/store/ledger-pages.js';

const LEASE = 60_000;
const alive = () => true;

let database: TestDatabase;
let store: Store;
let campaign = 0;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const four = { account: 7, ids: [10, 20, 30, 40] };
const stored = () => store.ledger.collection<LedgerPage>('ledger');
const read = async ({ _id }: LedgerPage) => (await stored().findOne({ _id })) ?? undefined;
const put = async (fields: Partial<LedgerPage> = {}): Promise<LedgerPage> => {
  campaign += 1;
  const page = aPage({ ...four, campaign, ...fields });
  await stored().insertOne(page);
  return page;
};
/** A page in the middle of its work: one recipient settled, two claimed. */
const owned = () => put({ token: 'mine', seen: now(), settled: 1, claimed: 3 });
const keyOf = ({ account, launch, round }: LedgerPage) => ({ account, campaign, launch, round });
const faulty = (...faults: Fault[]) => ledger(unreliableStore(store, { faults }, []), LEASE);
const plain = () => ledger(store, LEASE);
const byAnother = (page: LedgerPage) => ledger(store, -1_000).take(keyOf(page), 'another', alive);

test('take: the lowest free page of the round is mine, with its marks as they were', async () => {
  const page = await put();
  await stored().insertOne(aPage({ ...four, campaign, page: 1 }));
  const before = now().getTime();
  const taken = await plain().take(keyOf(page), 'mine', alive);
  expect(taken).toMatchObject({ _id: page._id, token: 'mine', settled: 0, claimed: 0, exceptions: [] });
  // By the server's clock.
  expect(taken?.seen.getTime()).toBeGreaterThan(before - 5_000);
  expect(taken?.seen.getTime()).toBeLessThan(now().getTime() + 5_000);
});

test('take: a page whose owner was seen within the lease is left alone', async () => {
  const page = await owned();
  expect(await plain().take(keyOf(page), 'other', alive)).toBeUndefined();
});

test('take: recipients that a lost owner left between the marks are uncertain, with its token', async () => {
  const page = await put({ token: 'gone', seen: new Date(0), settled: 1, claimed: 3 });
  const taken = await plain().take(keyOf(page), 'mine', alive);
  expect(taken).toMatchObject({ settled: 3, claimed: 3, published: 0 });
  expect(taken?.exceptions.map(({ i, kind, by, next }) => ({ i, kind, by, next }))).toEqual([
    { i: 1, kind: 'uncertain', by: 'gone', next: null },
    { i: 2, kind: 'uncertain', by: 'gone', next: null },
  ]);
});

test('take: done pages and pages of another account or round are not taken', async () => {
  const page = await put({ done: true });
  await stored().insertOne(aPage({ ...four, campaign, page: 1, account: 8 }));
  await stored().insertOne(aPage({ ...four, campaign, round: 1 }));
  expect(await plain().take(keyOf(page), 'mine', alive)).toBeUndefined();
});

test('take: after a lost answer the page is found by its token, and no second one is taken', async () => {
  const page = await put();
  await stored().insertOne(aPage({ ...four, campaign, page: 1 }));
  expect(await faulty('deaf').take(keyOf(page), 'mine', alive)).toMatchObject({ _id: page._id });
  expect(await plain().take(keyOf(page), 'other', alive)).toMatchObject({ page: 1 });
});

test('take: an attempt that has ended takes nothing', async () => {
  const page = await put();
  expect(await plain().take(keyOf(page), 'mine', () => false)).toBeUndefined();
  expect(await read(page)).toMatchObject({ token: null });
});

test('sweep: recipients in flight become uncertain and the page has no owner; a page at rest does not change', async () => {
  const page = await put({ token: 'gone', settled: 1, claimed: 3 });
  const swept = await plain().sweep(page.account, campaign);
  expect(swept).toMatchObject({ token: null, settled: 3, claimed: 3, exceptions: [{ i: 1 }, { i: 2 }] });
  expect(await plain().sweep(page.account, campaign)).toBeUndefined();
});

const judging = (...ids: string[]) => ledger(store, LEASE, { ids: () => ids, unwrittenFor: 3_000 });
const secondsAgo = (seconds: number) => new Date(now().getTime() - seconds * 1_000);

test('take: the page of a dead owner is free once it has not been written for some seconds', async () => {
  const page = await put({ token: 'gone:1', seen: secondsAgo(30), settled: 1, claimed: 3 });
  expect(await judging('gon', 'gone:1', 'another').take(keyOf(page), 'mine:1', alive)).toBeUndefined();
  const taken = await judging('gone').take(keyOf(page), 'mine:1', alive);
  expect(taken).toMatchObject({
    token: 'mine:1',
    settled: 3,
    claimed: 3,
    exceptions: [{ i: 1 }, { i: 2, by: 'gone:1' }],
  });
});

test('take and sweep: a page that was written a moment ago is left to its owner, dead or not', async () => {
  const page = await put({ token: 'gone:1', seen: secondsAgo(1), settled: 1, claimed: 3 });
  expect(await judging('gone').take(keyOf(page), 'mine:1', alive)).toBeUndefined();
  expect(await judging('gone').sweep(page.account, campaign)).toBeUndefined();
  await stored().updateOne({ _id: page._id }, { $set: { seen: secondsAgo(30) } });
  expect(await judging('gone').sweep(page.account, campaign)).toMatchObject({ token: null, settled: 3 });
});

test('take: a page without an owner is free, and a token of an earlier version has its lease', async () => {
  const page = await put();
  const old = aPage({ ...four, campaign, page: 1, token: 'old', seen: secondsAgo(30) });
  await stored().insertOne(old);
  expect(await judging('gone').take(keyOf(page), 'mine:1', alive)).toMatchObject({ page: 0 });
  expect(await judging('gone').take(keyOf(page), 'mine:2', alive)).toBeUndefined();
});

test('sweep: the page of a living owner is not swept', async () => {
  const page = await owned();
  expect(await plain().sweep(page.account, campaign)).toBeUndefined();
});

const step = () => ({ settled: 2, claimed: 4, published: 0, exceptions: [anException({ i: 1, kind: 'failed' })] });
const after = { settled: 2, claimed: 4, exceptions: [{ i: 1, kind: 'failed' }] };

test('advance: one write settles, claims and renews the lease', async () => {
  const page = await owned();
  await stored().updateOne({ _id: page._id }, { $set: { seen: new Date(0) } });
  expect(await plain().advance(page, step(), alive)).toBe('done');
  const now = await read(page);
  expect(now).toMatchObject(after);
  expect(now?.seen.getTime()).toBeGreaterThan(0);
});

test.for<[string, Fault[]]>([
  ['the answer is lost', ['deaf']],
  ['the write is lost', ['drop']],
  ['both happen', ['drop', 'deaf', 'drop']],
  ['the write happens twice', ['deaf', 'deaf']],
])('advance: the outcome is unknown, %s: the identical write again gives one result', async ([, faults]) => {
  const page = await owned();
  expect(await faulty(...faults).advance(page, step(), alive)).toBe('done');
  expect(await read(page)).toMatchObject(after);
});

test('advance: a page that was taken meanwhile is lost, and stays as the other left it', async () => {
  const page = await owned();
  const others = await byAnother(page);
  expect(await plain().advance(page, step(), alive)).toBe('lost');
  expect(await read(page)).toEqual(others);
});

test('advance: a late repetition changes nothing, also where the token is the same', async () => {
  const page = await owned();
  await plain().advance(page, step(), alive);
  await plain().advance(
    { ...page, settled: 2, claimed: 4 },
    { settled: 4, claimed: 4, published: 1, exceptions: [] },
    alive,
  );
  const before = await read(page);
  expect(await plain().advance(page, step(), alive)).toBe('lost');
  expect(await read(page)).toEqual(before);
});

test('advance: the wanted marks with other fates are the write of another owner', async () => {
  const page = await owned();
  await ledger(store, -1_000).take(keyOf(page), 'mine', alive);
  const all = {
    settled: 3,
    claimed: 3,
    published: 0,
    exceptions: [anException({ i: 1, kind: 'failed' }), anException({ i: 2, kind: 'failed' })],
  };
  expect(await plain().advance(page, all, alive)).toBe('lost');
  expect((await read(page))?.exceptions.map(({ kind }) => kind)).toEqual(['uncertain', 'uncertain']);
});

test('advance: a deleted page is lost; an attempt that has ended does not write', async () => {
  const page = await owned();
  expect(await plain().advance(page, step(), () => false)).toBe('lost');
  expect(await read(page)).toMatchObject({ settled: 1, claimed: 3 });
  await stored().deleteOne({ _id: page._id });
  expect(await plain().advance(page, step(), alive)).toBe('lost');
});

test('renew: the token is enough, and only mine', async () => {
  const page = await owned();
  await stored().updateOne({ _id: page._id }, { $set: { seen: new Date(0), settled: 2 } });
  expect(await faulty('drop', 'deaf').renew(page, alive)).toBe('done');
  expect((await read(page))?.seen.getTime()).toBeGreaterThan(0);
  await byAnother(page);
  expect(await plain().renew(page, alive)).toBe('lost');
});

const through = () =>
  put({
    token: 'mine',
    seen: now(),
    settled: 4,
    claimed: 4,
    exceptions: [anException({ i: 1, kind: 'failed' })],
    published: 1,
  });

test('finish: a settled and published page is done and has no owner, whatever write or answer is lost', async () => {
  const page = await through();
  expect(await faulty('drop', 'deaf').finish(page, alive)).toBe('done');
  expect(await read(page)).toMatchObject({ done: true, token: null });
});

test('finish: not with an unpublished entry, and not by an owner that lost the page', async () => {
  const page = await through();
  await stored().updateOne({ _id: page._id }, { $set: { published: 0 } });
  expect(await plain().finish(page, alive)).toBe('lost');
  await byAnother(page);
  expect(await plain().finish(page, alive)).toBe('lost');
  expect(await read(page)).toMatchObject({ done: false, token: 'another' });
});

test('release: a page at rest is free at once; one with mail in flight is kept', async () => {
  const page = await put({ token: 'mine', seen: now(), settled: 2, claimed: 2 });
  expect(await faulty('deaf', 'drop').release(page, alive)).toBe('done');
  expect(await plain().take(keyOf(page), 'other', alive)).toMatchObject({ _id: page._id, settled: 2, exceptions: [] });
  const busy = await owned();
  expect(await plain().release({ ...busy, settled: 3 }, alive)).toBe('lost');
  expect(await read(busy)).toMatchObject({ token: 'mine', settled: 1 });
});

test('an operation that hangs is given up within the limit, as an unknown outcome', async () => {
  const hasty = await openStore({ url: database.url, database: database.name, ledgerTimeout: 400 });
  const page = await put();
  const hang = { $expr: { $function: { body: 'function(){sleep(3000);return false}', args: [], lang: 'js' } } };
  const write = hasty.ledger
    .collection<LedgerPage>('ledger')
    .updateOne({ ...hang, _id: page._id }, { $set: { published: 0 } });
  await expect(write).rejects.toSatisfy(outcomeIsUnknown);
  await hasty.close();
});
