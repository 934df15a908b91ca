import { afterAll, beforeAll, expect, test } from 'vitest';
import { anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const put = async (payload: object) => {
  const answer = await api.call('PUT /api/v1/account/voice', { payload });
  return { status: answer.statusCode, ...answer.json() };
};
const get = async () => (await api.call('GET /api/v1/account/voice')).json().data;

test('an account without a voice shows an empty one, version 0', async () => {
  expect(await get()).toMatchObject({ audience: null, banned_words: [], link_policy: 'given', version: 0 });
});

test('each change creates a version with another hash; an equal voice creates none', async () => {
  const first = (await put({ audience: 'Shop owners', banned_words: ['cheap'] })).data;
  expect(first).toMatchObject({ audience: 'Shop owners', banned_words: ['cheap'], tone: { do: [] }, version: 1 });
  expect((await put({ banned_words: ['cheap'], audience: 'Shop owners' })).data).toEqual(first);
  const second = (await put({ tone: { do: ['Say the news first'] } })).data;
  expect(second).toMatchObject({ audience: null, banned_words: [], version: 2 });
  expect(second.hash).not.toBe(first.hash);
  expect(await get()).toEqual(second);
});

test('two concurrent changes create two versions', async () => {
  await Promise.all([put({ signature: 'Ana' }), put({ signature: 'Zoë' })]);
  expect((await get()).version).toBe(4);
});

test('an invalid voice is refused field by field, and changes nothing', async () => {
  const before = await get();
  const links = [{ label: 'x', url: 'javascript:alert(1)' }];
  const { status, error } = await put({ locale: 'English!', links, colour: 'red', tone: { do: [''] } });
  expect([status, Object.keys(error.errors).sort()]).toEqual([422, ['colour', 'links.0.url', 'locale', 'tone.do.0']]);
  expect(await get()).toEqual(before);
});
