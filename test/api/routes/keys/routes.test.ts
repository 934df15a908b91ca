import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureFirstAccount } from '../../../../store/keys/keys.js';
import { anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

test('a key is shown once, works at once, and is refused once revoked', async () => {
  const { data } = (await api.call('POST /api/v1/keys', { payload: { name: 'Form' } })).json();
  expect((await api.call('GET /api/v1/lists', { key: data.key })).statusCode).toBe(200);
  const listed = await api.call('GET /api/v1/keys');
  expect(listed.body).not.toContain(data.key);
  expect(listed.json().data.at(-1)).toMatchObject({ id: data.id, prefix: data.key.slice(0, 8), state: 'active' });
  expect((await api.call(`DELETE /api/v1/keys/${data.id}`)).statusCode).toBe(204);
  expect((await api.call(`DELETE /api/v1/keys/${data.id}`)).statusCode).toBe(204);
  const refused = await api.call('GET /api/v1/lists', { key: data.key });
  expect(refused.statusCode).toBe(401);
  expect(refused.json().error.code).toBe('key_revoked');
  expect(refused.headers['www-authenticate']).toBe('Bearer realm="everpost"');
});

test('the store keeps a hash, never the key', async () => {
  const kept = await api.store.db.collection('keys').find().toArray();
  expect(JSON.stringify(kept)).not.toContain(api.key);
  expect(kept[0]?.['hash']).toMatch(/^[0-9a-f]{64}$/);
});

test('one of many concurrently starting processes creates the first key', async () => {
  const fresh = await anApi({ EVERPOST_API_KEY: 'a-key-chosen-by-the-operator' });
  await fresh.store.db.collection('keys').deleteMany({});
  const starts = await Promise.all(
    Array.from({ length: 8 }, () => ensureFirstAccount(fresh.store, { apiKey: undefined })),
  );
  expect(starts.filter(({ secret }) => secret !== undefined)).toHaveLength(1);
  expect(await fresh.store.db.collection('accounts').countDocuments()).toBe(1);
  await fresh.close();
});

test('a key from the environment works, and stays revoked after a restart', async () => {
  const apiKey = 'a-key-chosen-by-the-operator';
  await ensureFirstAccount(api.store, { apiKey });
  await ensureFirstAccount(api.store, { apiKey });
  const { data } = (await api.call('GET /api/v1/keys', { key: apiKey })).json();
  const [chosen, ...others] = data.filter(({ name }: { name: string }) => name === 'EVERPOST_API_KEY');
  expect(others).toEqual([]);
  await api.call(`DELETE /api/v1/keys/${chosen.id}`);
  await ensureFirstAccount(api.store, { apiKey });
  expect((await api.call('GET /api/v1/lists', { key: apiKey })).statusCode).toBe(401);
});
