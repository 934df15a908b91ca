import { afterAll, beforeAll, expect, test } from 'vitest';
import { WRONG_KEYS_PER_MINUTE } from '../../../api/hooks/keys/wrong-keys.js';
import { anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ RATE_LIMIT_PER_MINUTE: '10000' });
});
afterAll(() => api.close());

const guess = (i: number, remoteAddress: string) =>
  api.call('GET /api/v1/lists', { key: `evp_${String(i).padStart(40, '0')}`, remoteAddress });
const statuses = async (requests: readonly Promise<{ readonly statusCode: number }>[]) => {
  const found = (await Promise.all(requests)).map(({ statusCode }) => statusCode);
  return { refused: found.filter((one) => one === 401).length, limited: found.filter((one) => one === 429).length };
};

test('wrong keys from one address are limited, with the time to wait; a valid key from it still works', async () => {
  const from = '192.0.2.1';
  const guesses = Array.from({ length: WRONG_KEYS_PER_MINUTE + 40 }, (_, i) => guess(i, from));
  expect(await statuses(guesses)).toEqual({ refused: WRONG_KEYS_PER_MINUTE, limited: 40 });
  const answer = await guess(9_999, from);
  expect([answer.statusCode, answer.json().error.code]).toEqual([429, 'rate_limited']);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  expect((await api.call('GET /api/v1/lists', { remoteAddress: from })).statusCode).toBe(200);
  expect((await guess(1, '192.0.2.2')).statusCode).toBe(401);
});

test('values that cannot be a key count, requests without a key do not', async () => {
  const malformed = (i: number) => api.call('GET /api/v1/lists', { key: `x${i}`, remoteAddress: '192.0.2.3' });
  const guesses = Array.from({ length: WRONG_KEYS_PER_MINUTE + 5 }, (_, i) => malformed(i));
  expect(await statuses(guesses)).toEqual({ refused: WRONG_KEYS_PER_MINUTE, limited: 5 });
  const keyless = () => api.call('GET /api/v1/lists', { key: null, remoteAddress: '192.0.2.4' });
  const asked = Array.from({ length: WRONG_KEYS_PER_MINUTE + 5 }, keyless);
  expect(await statuses(asked)).toEqual({ refused: WRONG_KEYS_PER_MINUTE + 5, limited: 0 });
});

test.each([
  ['POST /singlesending/create', 'private-key'],
  ['POST /email/send-email/', 'x-api-token'],
])('%s of a dialect is limited together with the other routes', async (route, header) => {
  const remoteAddress = `192.0.2.${header.length}`;
  for (let i = 0; i < WRONG_KEYS_PER_MINUTE; i += 1) await guess(i, remoteAddress);
  const headers = { [header]: `evp_${'0'.repeat(40)}` };
  const answer = await api.call(route, { key: null, headers, payload: {}, remoteAddress });
  expect(answer.body).toMatch(/Too many requests with a wrong API key/);
});

test('a refusal says which header is wanted', async () => {
  const sentence = async (call: object) => (await api.call('GET /api/v1/lists', call)).json().error.message;
  expect(await sentence({ key: null })).toBe(
    'The API key is missing: send it in the header Authorization: Bearer <key>.',
  );
  expect(await sentence({ key: null, headers: { authorization: 'Basic abc' } })).toMatch(/Authorization: Bearer <key>/);
  expect(await sentence({ key: `evp_${'1'.repeat(40)}` })).toMatch(/is not valid.*Authorization: Bearer <key>/);
  const token = await api.call('POST /email/send-email/', { key: null, payload: {} });
  expect(token.body).toMatch(/X-Api-Token: <key>/);
  const pair = await api.call('POST /singlesending/create', { key: null, payload: {} });
  expect(pair.body).toMatch(/Private-Key: <key>/);
});
