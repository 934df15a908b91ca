import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { aList, anApi, aStranger, aSubscriber, type TestApi } from '../../support/api/api.js';

let api: TestApi;
let tea: number;
let coffee: number;
let email: string;
let id: number;
let path: string;
let visitor = 0;

beforeAll(async () => {
  api = await anApi();
  tea = await aList(api, { name: 'Tea & <i>Biscuits</i>', company: { name: 'Leaf Ltd' } });
  coffee = await aList(api, { name: 'Coffee' });
});
beforeEach(async () => {
  visitor += 1;
  email = `reader${visitor}@example.com`;
  ({ id } = await aSubscriber(api, tea, { email, first_name: 'Ada' }));
  await aSubscriber(api, coffee, { email });
  path = `/p/${linkTokens(await api.deps.linkKeys.ring()).forRecipient(7, id)}`;
});
afterAll(() => api.close());

const post = (fields: Record<string, string>, query = '') =>
  api.call(`POST ${path}${query}`, {
    key: null,
    payload: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
const statuses = async () => {
  const rows = await api.deps.subscribers.onEveryList(api.account, email);
  return rows.map(({ list_id, status }) => [list_id, status]);
};

test('GET shows the lists, the name and a masked address, and changes nothing', async () => {
  const { statusCode, body, headers } = await api.call(`GET ${path}`, { key: null });
  expect(statusCode).toBe(200);
  expect(body).toContain('<span>Tea &amp; &lt;i&gt;Biscuits&lt;/i&gt;</span>');
  expect(body).toContain('aria-label="Unsubscribe from Coffee"');
  expect(body).toContain('value="Ada"');
  expect(body).toContain('<header>Leaf Ltd</header>');
  expect(body).toContain('r•••@example.com');
  expect(body).not.toContain(email);
  expect(body).not.toMatch(/<script|https?:/i);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  expect(await statuses()).toEqual([
    [tea, 'active'],
    [coffee, 'active'],
  ]);
});

test('unsubscribing from one list leaves the others unchanged, and the event records the preferences page', async () => {
  const { statusCode, body } = await post({ do: 'leave', list: String(coffee) }, '?lang=de');
  expect(statusCode).toBe(200);
  expect(body).toContain('role="status">Sie haben Coffee abbestellt.');
  expect(body).not.toContain('<span>Coffee</span>');
  expect(await statuses()).toEqual([
    [tea, 'active'],
    [coffee, 'unsubscribed'],
  ]);
  const events = await api.deps.events.ofCampaign(api.account, 7);
  expect(events.at(-1)).toMatchObject({
    type: 'subscriber.unsubscribed',
    data: { by: 'preferences', list_id: coffee },
  });
});

test('unsubscribing from all lists covers the account only', async () => {
  const stranger = await aStranger(api);
  const theirs = { ...api, call: (route: string, options = {}) => api.call(route, { key: stranger.key, ...options }) };
  await aSubscriber(theirs, await aList(theirs), { email });
  const { body } = await post({ do: 'leave_all' });
  expect(body).toContain('You are unsubscribed from all lists.');
  expect((await statuses()).map(([, status]) => status)).toEqual(['unsubscribed', 'unsubscribed']);
  const inOtherAccount = await api.deps.subscribers.onEveryList(stranger.account, email);
  expect(inOtherAccount.map(({ status }) => status)).toEqual(['active']);
});

test('the name is changed and cleared on every list', async () => {
  expect((await post({ do: 'name', first_name: ' Grace ', last_name: '' })).body).toContain('Your name is saved.');
  const rows = await api.deps.subscribers.onEveryList(api.account, email);
  expect(rows.map(({ first_name, last_name }) => [first_name, last_name])).toEqual([
    ['Grace', null],
    ['Grace', null],
  ]);
});

test.each([
  { do: 'name', first_name: 'a\r\nBcc: b@example.com', last_name: '' },
  { do: 'name', first_name: 'x'.repeat(256), last_name: '' },
  { do: 'leave', list: '1e3.5' },
  { do: 'join', list: '1' },
  {},
])('%j changes nothing and shows an error', async (fields) => {
  const { statusCode, body } = await post(fields as Record<string, string>);
  expect(statusCode).toBe(422);
  expect(body).toContain('role="alert">Nothing was changed');
  const rows = await api.deps.subscribers.onEveryList(api.account, email);
  expect(rows.map(({ first_name, status }) => [first_name, status])).toEqual([
    ['Ada', 'active'],
    [null, 'active'],
  ]);
});

test('a forged link is 404; the link of an erased person shows an empty page', async () => {
  expect((await api.call('GET /p/x', { key: null })).statusCode).toBe(404);
  await api.call(`DELETE /api/v1/subscribers/${email}?erase=true`);
  expect((await api.call(`GET ${path}`, { key: null })).body).toContain('There is nothing to change');
});
