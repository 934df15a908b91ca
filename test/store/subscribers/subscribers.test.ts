import { afterAll, beforeAll, expect, test } from 'vitest';
import { importRows } from '../../../store/imports/rows.js';
import { lists } from '../../../store/lists/lists.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type Subscribers, subscribers } from '../../../store/subscribers/subscribers.js';
import { type Suppressions, suppressions } from '../../../store/suppressions/suppressions.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

const ACCOUNT = 1;
const OTHER = 2;

let database: TestDatabase;
let store: Store;
let people: Subscribers;
let barred: Suppressions;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  people = subscribers(store);
  barred = suppressions(store);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const request = (name: string) => ({ email: `${name}@example.com`, email_key: `${name}@example.com` });
const aListOf = async (names: readonly string[]): Promise<number> => {
  const { _id } = await lists(store).create(ACCOUNT, { name: 'Own' });
  await people.addBatch({ account: ACCOUNT, list: _id, source: 'test', requests: names.map(request) });
  return _id;
};
type Audience = Omit<Parameters<Subscribers['inOrder']>[0], 'atOnce'>;
const inOrder = async (audience: Audience): Promise<{ readonly _id: number; readonly status: string }[]> => {
  const found: { readonly _id: number; readonly status: string }[] = [];
  for await (const batch of people.inOrder({ ...audience, atOnce: 2 })) found.push(...batch);
  return found;
};
const idsInOrder = async (audience: Audience) => (await inOrder(audience)).map(({ _id }) => _id);

test('a list is read in ascending ids, with the status of each person, up to an id', async () => {
  const own = await aListOf(['a', 'b', 'c', 'd', 'e']);
  await people.unsubscribe(ACCOUNT, 'e@example.com', own);
  const whole = { account: ACCOUNT, list: own, after: 0, upTo: Number.MAX_SAFE_INTEGER };
  const all = await idsInOrder(whole);
  expect(all).toHaveLength(5);
  expect(all).toEqual([...all].sort((one, two) => one - two));
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = all;
  expect(await idsInOrder({ ...whole, after: third })).toEqual([fourth, fifth]);
  expect(await idsInOrder({ ...whole, upTo: second })).toEqual([first, second]);
  expect(await inOrder({ ...whole, after: third })).toEqual([
    { _id: fourth, status: 'active', email_key: 'd@example.com' },
    { _id: fifth, status: 'unsubscribed' },
  ]);
  expect(await people.countActive(ACCOUNT, own, fifth)).toBe(4);
  expect(await people.highestId(ACCOUNT, own)).toBe(fifth);
  expect(await idsInOrder({ ...whole, account: OTHER })).toEqual([]);
  expect(await people.countActive(OTHER, own, fifth)).toBe(0);
  expect(await people.highestId(OTHER, own)).toBe(0);
});

test('an audience is counted in an index alone, and only its own rows are read', async () => {
  const own = await aListOf(['one', 'two']);
  const audience = { account: ACCOUNT, list_id: own, status: 'active', _id: { $lte: Number.MAX_SAFE_INTEGER } };
  const rows = store.db.collection('subscribers');
  const [counted] = await rows
    .aggregate([{ $match: audience }, { $group: { _id: 1, n: { $sum: 1 } } }])
    .explain('executionStats')
    .then((explained) => [explained['executionStats'] ?? explained['stages'][0].$cursor.executionStats]);
  expect(counted.totalDocsExamined).toBe(0);
  const read = rows
    .find(audience as object)
    .project({ email_key: 1 })
    .sort({ _id: 1 });
  expect((await read.explain('executionStats'))['executionStats'].totalDocsExamined).toBe(2);
});

test('the count of sendable people, and whether there are any, excludes the suppressed, by address or by hash', async () => {
  const names = Array.from({ length: 1_200 }, (_, index) => `s${index}`);
  const own = await aListOf(names);
  for (const name of names.slice(0, 1_050)) await barred.add(ACCOUNT, `${name}@example.com`, 'manual', null);
  await barred.add(ACCOUNT, 'elsewhere@example.com', 'bounce', '550 no');
  expect(await people.countSendable(ACCOUNT, own)).toBe(150);
  expect(await people.hasSendable(ACCOUNT, own)).toBe(true);
  await people.unsubscribe(ACCOUNT, 's1199@example.com', own);
  await people.unsubscribe(ACCOUNT, 's1@example.com', own);
  expect(await people.countSendable(ACCOUNT, own)).toBe(149);
  for (const name of names.slice(1_050)) await barred.add(ACCOUNT, `${name}@example.com`, 'manual', null);
  expect(await people.countSendable(ACCOUNT, own)).toBe(0);
  expect(await people.hasSendable(ACCOUNT, own)).toBe(false);
});

test('recipients are read by id, only for their own account', async () => {
  const own = await aListOf(['mail']);
  const ids = await idsInOrder({ account: ACCOUNT, list: own, after: 0, upTo: Number.MAX_SAFE_INTEGER });
  const [recipient] = await people.forSending(ACCOUNT, ids);
  expect(Object.keys(recipient ?? {}).sort()).toEqual(
    ['_id', 'attributes', 'email', 'email_key', 'first_name', 'last_name', 'list_id', 'status', 'tags'].sort(),
  );
  expect(await people.forSending(OTHER, ids)).toEqual([]);
});

test('an erased person is gone from rows, events and suppressions, and still not mailed', async () => {
  const own = await aListOf(['forget', 'happy']);
  await people.suppress(ACCOUNT, 'forget@example.com', 'complained', { reply: null });
  await people.erase(ACCOUNT, 'forget@example.com');
  await people.erase(ACCOUNT, 'forget@example.com');
  await people.erase(ACCOUNT, 'happy@example.com');
  const left = await Promise.all(
    ['subscribers', 'events', 'suppressions'].map((name) => store.db.collection(name).find().toArray()),
  );
  expect(JSON.stringify(left)).not.toMatch(/forget|happy/);
  const asked = ['forget@example.com', 'happy@example.com'];
  expect(await barred.among(ACCOUNT, asked)).toEqual(new Set(['forget@example.com']));
  expect(await barred.among(OTHER, asked)).toEqual(new Set());
  await people.addBatch({
    account: ACCOUNT,
    list: own,
    source: 'test',
    requests: asked.map((email) => request(email.split('@')[0] ?? '')),
  });
  expect(await people.countSendable(ACCOUNT, own)).toBe(1);
});

test('a complaint stays when the address bounces later', async () => {
  const own = await aListOf(['angry']);
  await people.suppress(ACCOUNT, 'angry@example.com', 'complained', { reply: null });
  await people.suppress(ACCOUNT, 'angry@example.com', 'bounced', { reply: null });
  const { found } = await people.page(ACCOUNT, { list: own }, 0, 10);
  expect(found.map(({ status }) => status)).toEqual(['complained']);
});

test('an import does not reactivate erased and unsubscribed people', async () => {
  const own = await aListOf(['leaver']);
  await people.unsubscribe(ACCOUNT, 'leaver@example.com', own);
  await people.erase(ACCOUNT, 'leaver@example.com');
  const requests = [{ ...request('leaver'), row: 0 }];
  await importRows(store).importRows({
    account: ACCOUNT,
    list: own,
    import: 1,
    from: 0,
    dryRun: false,
    requests,
  });
  expect(await people.countSendable(ACCOUNT, own)).toBe(0);
});

test('two writers of different fields do not overwrite each other', async () => {
  const own = await aListOf(['shared']);
  const add = (attributes: Record<string, number>, tags: string[]) =>
    people.addBatch({
      account: ACCOUNT,
      list: own,
      source: 'test',
      requests: [{ ...request('shared'), attributes, tags }],
    });
  await Promise.all([add({ a: 1 }, ['a']), add({ b: 2 }, ['b']), add({ c: 3 }, ['c'])]);
  const { found } = await people.page(ACCOUNT, { list: own }, 0, 10);
  expect(found[0]?.attributes).toEqual({ a: 1, b: 2, c: 3 });
  expect([...(found[0]?.tags ?? [])].sort()).toEqual(['a', 'b', 'c']);
});

test('a request that makes a row too large is refused by its index, the others are not', async () => {
  const own = await aListOf([]);
  const attributes = { a: 'x'.repeat(5_000) };
  const requests = [request('small'), { ...request('large'), attributes }, request('small2')];
  expect(await people.addBatch({ account: ACCOUNT, list: own, source: 'x', requests })).toEqual({
    created: 2,
    updated: 0,
    unchanged: 0,
    reactivated: 0,
    refused: [1],
    overCapacity: [],
  });
});
