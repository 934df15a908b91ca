import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, aStranger, type TestApi } from '../../../support/api/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const grace = { name: 'Grace', email: 'Grace@acme.example', role: 'approver' };
const add = (payload: Record<string, unknown>, headers: Record<string, string> = {}) =>
  api.call('POST /api/v1/account/members', { payload, headers });

test('a member is added once, listed and removed; approvers are listed by role', async () => {
  const answer = await add(grace, { 'idempotency-key': 'grace' });
  expect(answer.statusCode).toBe(201);
  const { id } = answer.json().data;
  expect(answer.json().data).toEqual({ id, ...grace, created_at: expect.any(String) });
  expect((await add(grace, { 'idempotency-key': 'grace' })).json()).toEqual(answer.json());
  const again = await add({ ...grace, email: 'grace@ACME.example' });
  expect([again.statusCode, again.json().error.code]).toEqual([409, 'already_a_member']);
  await add({ name: 'Ed', email: 'ed@acme.example', role: 'editor' });
  const { data } = (await api.call('GET /api/v1/account/members')).json();
  expect(data.map(({ name }: { name: string }) => name)).toEqual(['Grace', 'Ed']);
  const approvers = await api.deps.members.approvers(api.account);
  expect(approvers.map(({ email }) => email)).toEqual([grace.email]);
  expect((await api.call(`DELETE /api/v1/account/members/${id}`)).statusCode).toBe(204);
  expect((await api.call(`DELETE /api/v1/account/members/${id}`)).statusCode).toBe(404);
});

test('the same address may be a member of two accounts', async () => {
  const { account, key } = await aStranger(api);
  const payload = { name: 'Ada', email: 'ada@acme.example', role: 'admin' };
  expect((await add(payload)).statusCode).toBe(201);
  expect((await api.call('POST /api/v1/account/members', { payload, key })).statusCode).toBe(201);
  expect(await api.deps.members.among(account, ['ada@acme.example', 'ed@acme.example'])).toEqual(
    new Set(['ada@acme.example']),
  );
});

test.each([
  [{ name: 'x', email: 'x@acme.example' }, 'role'],
  [{ name: 'x', email: 'x@acme.example', role: 'owner' }, 'role'],
  [{ name: 'x', email: 'no-address', role: 'editor' }, 'email'],
  [{ name: 'x', email: 'jürgen@acme.example', role: 'editor' }, 'email'],
  [{ name: 'x\ny', email: 'x@acme.example', role: 'editor' }, 'name'],
])('%j is refused for its %s', async (payload, field) => {
  const answer = await add(payload);
  expect([answer.statusCode, Object.keys(answer.json().error.errors)]).toEqual([422, [field]]);
});
