import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../../../clock.js';
import { isWellFormed, type Key } from '../../../../store/keys/keys.js';
import { anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const issue = async (fields: object = {}) =>
  (await api.call('POST /api/v1/keys', { payload: { name: 'Form', ...fields } })).json().data;
const works = async (key: string) => (await api.call('GET /api/v1/lists', { key })).statusCode === 200;
const ask = (route: string, payload: object = {}) => api.call(`POST /api/v1/keys/${route}`, { payload });

test('both keys work until the new one is validated, then the old one has ended', async () => {
  const old = await issue({ scopes: ['read'] });
  const rotated = await ask(`${old.id}/rotate`);
  expect(rotated.statusCode).toBe(201);
  const fresh = rotated.json().data;
  expect(fresh).toMatchObject({ name: 'Form', scopes: ['read'], replaces: old.id, state: 'active' });
  expect([await works(old.key), await works(fresh.key)]).toEqual([true, true]);
  expect((await ask(`${fresh.id}/validate`)).json().data).toMatchObject({ id: fresh.id, replaces: null });
  expect((await ask(`${fresh.id}/validate`)).statusCode).toBe(200);
  expect([await works(old.key), await works(fresh.key)]).toEqual([false, true]);
});

test('an overlap ends the old key by itself', async () => {
  const old = await issue();
  await ask(`${old.id}/rotate`, { overlap_hours: 1 });
  expect(await works(old.key)).toBe(true);
  const past = new Date(now().getTime() - 1);
  await api.store.db.collection<Key>('keys').updateOne({ _id: old.id }, { $set: { retires_at: past } });
  expect(await works(old.key)).toBe(false);
});

test('one of many concurrent rotations creates a successor', async () => {
  const old = await issue();
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(`${old.id}/rotate`)));
  expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1);
  const refused = answers.filter(({ statusCode }) => statusCode !== 201);
  expect(refused.map((answer) => answer.json().error.code)).toEqual(Array(5).fill('key_rotating'));
  const successors = await api.store.db.collection<Key>('keys').countDocuments({ replaces: old.id });
  expect(successors).toBe(1);
});

test('a reset ends the old key at once and issues another', async () => {
  const old = await issue();
  const { data } = (await ask(`${old.id}/reset`)).json();
  expect([await works(old.key), await works(data.key)]).toEqual([false, true]);
  expect((await ask(`${old.id}/reset`)).json().error.code).toBe('key_ended');
  expect((await ask(`${data.id}/validate`)).json().error.code).toBe('not_a_successor');
});

test('a repeated rotation shows no secret twice', async () => {
  const old = await issue();
  const again = { headers: { 'idempotency-key': 'rotate-once' }, payload: {} };
  expect((await api.call(`POST /api/v1/keys/${old.id}/rotate`, again)).statusCode).toBe(201);
  const repeated = await api.call(`POST /api/v1/keys/${old.id}/rotate`, again);
  expect(repeated.json().error.code).toBe('secret_already_shown');
});

test('a key has a checksum, so that leaked keys can be detected', async () => {
  const { key } = await issue();
  expect(isWellFormed(key)).toBe(true);
  expect(isWellFormed(`${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`)).toBe(false);
});

test('an expired key is refused by name, and cannot be issued', async () => {
  const soon = new Date(now().getTime() + 60_000).toISOString();
  const { id, key } = await issue({ expires_at: soon });
  expect(await works(key)).toBe(true);
  await api.store.db.collection<Key>('keys').updateOne({ _id: id }, { $set: { expires_at: new Date(0) } });
  const refused = await api.call('GET /api/v1/lists', { key });
  expect([refused.statusCode, refused.json().error.code]).toEqual([401, 'key_expired']);
  const past = await api.call('POST /api/v1/keys', { payload: { name: 'Old', expires_at: '2020-01-01T00:00:00Z' } });
  expect(past.json().error.errors).toHaveProperty('expires_at');
});

test('a key older than six months has a reminder', async () => {
  const { id } = await issue();
  await api.store.db.collection<Key>('keys').updateOne({ _id: id }, { $set: { rotation_due_at: new Date(0) } });
  const listed = (await api.call('GET /api/v1/keys')).json().data.find((key: { id: number }) => key.id === id);
  expect(listed.reminder).toContain(`/keys/${id}/rotate`);
});
