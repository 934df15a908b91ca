import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lists, lists } from '../../../store/lists/lists.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

const ACCOUNT = 1;

let database: TestDatabase;
let store: Store;
let all: Lists;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  all = lists(store);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('a change of one inner field keeps the others', async () => {
  const from = { name: 'Acme', email: 'news@acme.example' };
  const { _id } = await all.create(ACCOUNT, { name: 'Fields', defaults: { from, subject: 'Hello' } });
  await all.change(ACCOUNT, _id, { defaults: { subject: null }, company: { city: 'Ulm' } });
  expect(await all.find(ACCOUNT, _id)).toMatchObject({
    name: 'Fields',
    defaults: { from, subject: null, reply_to: null },
    company: { city: 'Ulm', country: null },
  });
});

test('the same origin returns the list it created', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => all.create(ACCOUNT, { name: 'Once' }, 'origin-1')));
  expect(new Set(made.map(({ _id }) => _id)).size).toBe(1);
  expect((await all.create(2, { name: 'Once' }, 'origin-1'))._id).not.toBe(made[0]?._id);
});

test('a list is deleted with its subscribers, and the next call finishes a removal that broke off', async () => {
  const { _id } = await all.create(ACCOUNT, { name: 'Going' });
  const requests = [{ email: 'a@example.com', email_key: 'a@example.com' }];
  await subscribers(store).addBatch({ account: ACCOUNT, list: _id, source: 'test', requests });
  await store.db.collection<{ _id: number }>('lists').updateOne({ _id }, { $set: { deleting: true } });
  expect(await all.find(ACCOUNT, _id)).toBe('missing');
  expect(await all.remove(2, _id)).toBe('foreign');
  expect(await all.remove(ACCOUNT, _id)).toBe('done');
  expect(await all.remove(ACCOUNT, _id)).toBe('missing');
  expect(await store.db.collection('subscribers').countDocuments({ list_id: _id })).toBe(0);
});

test('a list of a running campaign cannot be deleted', async () => {
  const { _id } = await all.create(ACCOUNT, { name: 'Busy' });
  await store.db.collection('campaigns').insertOne({ account: ACCOUNT, list_id: _id, state: 'sending' });
  expect(await all.remove(ACCOUNT, _id)).toBe('in_use');
  expect(await all.find(ACCOUNT, _id)).toMatchObject({ name: 'Busy' });
});

test('lists are counted from an index alone', async () => {
  const { _id } = await all.create(ACCOUNT, { name: 'Counted' });
  const requests = ['a', 'b', 'c'].map((name) => ({ email: `${name}@example.com`, email_key: `${name}@example.com` }));
  await subscribers(store).addBatch({ account: ACCOUNT, list: _id, source: 'test', requests });
  await subscribers(store).unsubscribe(ACCOUNT, 'b@example.com', _id);
  expect(await all.counts(ACCOUNT, [_id, 999])).toEqual(
    new Map([
      [_id, { total: 3, active: 2 }],
      [999, { total: 0, active: 0 }],
    ]),
  );
  expect((await all.counts(2, [_id])).get(_id)).toEqual({ total: 0, active: 0 });
});
