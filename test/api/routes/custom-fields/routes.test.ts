import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;
beforeAll(async () => {
  api = await anApi();
});
beforeEach(async () => {
  await api.store.db.collection('fields').deleteMany({});
  list = await aList(api);
});
afterAll(() => api.close());

const define = (payload: object) => api.call('POST /api/v1/fields', { payload });
const add = (attributes: object, email = 'ann@example.com') =>
  api.call('POST /api/v1/subscribers', { payload: { email, list_id: list, attributes } });

test('a field is defined, listed, changed and removed', async () => {
  const made = await define({ name: 'plan', type: 'choice', choices: ['Free', 'Pro'] });
  expect([made.statusCode, made.json().data]).toEqual([201, expect.objectContaining({ name: 'plan', label: null })]);
  const { id } = made.json().data;
  expect((await define({ name: 'plan', type: 'text' })).json().error.code).toBe('field_exists');
  const patched = await api.call(`PATCH /api/v1/fields/${id}`, { payload: { label: 'Plan', choices: ['Pro'] } });
  expect(patched.json().data).toMatchObject({ label: 'Plan', choices: ['Pro'] });
  expect((await api.call('GET /api/v1/fields')).json().data).toEqual([patched.json().data]);
  expect((await api.call(`DELETE /api/v1/fields/${id}`)).statusCode).toBe(204);
  expect((await api.call(`GET /api/v1/fields/${id}`)).statusCode).toBe(404);
});

test.each([
  [{ name: 'email', type: 'text' }, 'name'],
  [{ name: 'a.b', type: 'text' }, 'name'],
  [{ name: 'plan', type: 'choice' }, 'choices'],
  [{ name: 'city', type: 'text', choices: ['Rome'] }, 'choices'],
  [{ name: 'city', type: 'colour' }, 'type'],
])('an invalid definition is refused: %j', async (payload, field) => {
  const refused = await define(payload);
  expect([refused.statusCode, Object.keys(refused.json().error.errors)]).toEqual([422, [field]]);
});

test('attributes are stored with the type of their field, by every route', async () => {
  await define({ name: 'age', type: 'number' });
  await define({ name: 'born', type: 'date' });
  const { data } = (await add({ age: '41', born: '1985-02-03T00:00:00Z', shoe: '43' })).json();
  expect(data.attributes).toEqual({ age: 41, born: '1985-02-03', shoe: '43' });
  const changed = await api.call(`PATCH /api/v1/subscribers/${data.id}`, { payload: { attributes: { age: '42' } } });
  expect(changed.json().data.attributes.age).toBe(42);
  const rows = [
    { email: 'ann@example.com', attributes: { age: '43' } },
    { email: 'bob@example.com', attributes: { age: 'old' } },
  ];
  const payload = { list_id: list, subscribers: rows };
  const batch = (await api.call('POST /api/v1/subscribers/batch', { payload })).json().data;
  expect(batch).toMatchObject({ updated: 1, invalid: 1, invalid_examples: ['bob@example.com'] });
});

test('attributes that do not fit are refused by name, and nothing changes', async () => {
  await define({ name: 'age', type: 'number' });
  const { id } = await aSubscriber(api, list, { attributes: { age: 1 } });
  const refused = [
    await add({ age: 'old' }, 'new@example.com'),
    await api.call(`PATCH /api/v1/subscribers/${id}`, { payload: { attributes: { age: true } } }),
  ];
  for (const answer of refused) {
    expect(answer.statusCode).toBe(422);
    expect(answer.json().error.errors).toEqual({ 'attributes.age': ['The attributes.age must be a number.'] });
  }
  const { data } = (await api.call(`GET /api/v1/subscribers?list_id=${list}`)).json();
  expect(data.map(({ attributes }: { attributes: object }) => attributes)).toEqual([{ age: 1 }]);
});

test('a strict account refuses attributes that are not defined', async () => {
  await api.call('PATCH /api/v1/account', { payload: { strict_fields: true } });
  const refused = await add({ shoe: '43' });
  expect(refused.json().error.errors).toEqual({ 'attributes.shoe': ['The attributes.shoe field is not defined.'] });
  await define({ name: 'shoe', type: 'text' });
  expect((await add({ shoe: 43 })).json().data.attributes).toEqual({ shoe: '43' });
  await api.call('PATCH /api/v1/account', { payload: { strict_fields: false } });
});

test('subscribers keep their attributes when a field is removed, and drafts know the names of defined fields', async () => {
  const { id } = (await define({ name: 'city', type: 'text' })).json().data;
  expect(await api.deps.subscribers.fieldNames(api.account, list)).toContain('city');
  await add({ city: 'Rome' });
  await api.call(`DELETE /api/v1/fields/${id}`);
  const { data } = (await api.call(`GET /api/v1/subscribers?list_id=${list}`)).json();
  expect(data[0].attributes).toEqual({ city: 'Rome' });
});
