import { afterAll, beforeAll, expect, test } from 'vitest';
import { EverpostError, everpost } from '../../client/everpost.js';
import { anApi, type TestApi } from '../support/api/api.js';

let api: TestApi;
let client: ReturnType<typeof everpost>;
beforeAll(async () => {
  api = await anApi();
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  client = everpost({ url, key: api.key });
});
afterAll(() => api.close());

test('the typed client creates everything from a list to a campaign', async () => {
  const { data: list } = await client.post('/api/v1/lists', { body: { name: 'News' } });
  const ann = { email: 'ann@example.com', list_id: list.id, attributes: { city: 'Rome' } };
  const { data: person } = await client.post('/api/v1/subscribers', { body: ann });
  const found = await client.get('/api/v1/subscribers', { query: { list_id: list.id, search: 'ann', per_page: 1 } });
  expect(found.data.map(({ id }) => id)).toEqual([person.id]);
  await client.patch('/api/v1/subscribers/{id}', { path: { id: person.id }, body: { first_name: 'Ann' } });
  const body = { list_id: list.id, subject: 'Hello', html: '<p>Hello</p>' };
  const { data: campaign } = await client.post('/api/v1/campaigns', { body });
  expect(campaign).toMatchObject({ status: 'draft', list_id: list.id });
  const csv = await client.get('/api/v1/subscribers/export', { query: { list_id: list.id } });
  expect(csv).toContain('ann@example.com');
  const file = new Blob(['email\nbob@example.com\n'], { type: 'text/csv' });
  const upload = await client.post('/api/v1/lists/{id}/imports', { path: { id: list.id }, file });
  expect(upload.data.state).toBe('queued');
  expect(await client.delete('/api/v1/subscribers/{email}', { path: { email: 'ann@example.com' } })).toBeUndefined();
});

test('a repeat with the same Idempotency-Key is processed once', async () => {
  const once = () => client.post('/api/v1/lists', { body: { name: 'Once' }, idempotencyKey: 'once' });
  expect((await once()).data.id).toBe((await once()).data.id);
});

test('a refusal is thrown with its code and its fields', async () => {
  // @ts-expect-error the compiler knows that a list needs a name
  const refused = await client.post('/api/v1/lists', { body: { title: 'News' } }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(EverpostError);
  const { refusal } = refused as EverpostError;
  expect(refusal).toMatchObject({ status: 422, code: 'validation_failed', errors: { name: [expect.any(String)] } });
  // @ts-expect-error and that there is no such path
  await expect(client.get('/api/v1/nothing')).rejects.toThrow('404 not_found');
});
