import { afterAll, beforeAll, expect, test } from 'vitest';
import { aList, anApi, aSubscriber, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
let list: number;
beforeAll(async () => {
  api = await anApi();
  list = await aList(api);
});
afterAll(() => api.close());

let people = 0;
/** A person who has unsubscribed. */
async function aLeaver(): Promise<string> {
  people += 1;
  const { email } = await aSubscriber(api, list, { email: `leaver${people}@example.com` });
  await api.call(`DELETE /api/v1/subscribers/${email}`);
  return email;
}

const account = (payload: object) => api.call('PATCH /api/v1/account', { payload });
const post = async (payload: object) =>
  (await api.call('POST /api/v1/subscribers', { payload: { list_id: list, ...payload } })).json().data;
const batch = async (subscribers: object[], more: object = {}) =>
  (await api.call('POST /api/v1/subscribers/batch', { payload: { list_id: list, subscribers, ...more } })).json().data;

test('adding a person who unsubscribed brings them back by default, as documented', async () => {
  const [one, other] = [await aLeaver(), await aLeaver()];
  expect(await post({ email: one })).toMatchObject({ status: 'active', unsubscribed_at: null });
  expect(await batch([{ email: other }])).toMatchObject({ reactivated: 1, updated: 1 });
});

test('with `reactivate: false` they stay unsubscribed, and their fields are updated', async () => {
  const [one, other] = [await aLeaver(), await aLeaver()];
  const stayed = { status: 'unsubscribed', first_name: 'Ada', unsubscribed_at: expect.any(String) };
  expect(await post({ email: one, first_name: 'Ada', reactivate: false })).toMatchObject(stayed);
  const rows = [{ email: other, first_name: 'Ada' }, { email: 'fresh@example.com' }];
  expect(await batch(rows, { reactivate: false })).toMatchObject({ created: 1, updated: 1, reactivated: 0 });
  const found = (await api.call(`GET /api/v1/subscribers?list_id=${list}&search=${other}`)).json().data;
  expect(found).toMatchObject([stayed]);
});

test('with `reactivate: false` a pending person who never unsubscribed is confirmed, one who did is not asked again', async () => {
  const fresh = await post({ email: 'asked@example.com', status: 'pending' });
  expect(fresh.status).toBe('pending');
  expect(await post({ email: 'asked@example.com', reactivate: false })).toMatchObject({ status: 'active' });
  const email = await aLeaver();
  expect(await post({ email, status: 'pending', reactivate: false })).toMatchObject({ status: 'unsubscribed' });
});

test('the account decides where the request does not', async () => {
  expect((await account({ reactivate: false })).json().data.reactivate).toBe(false);
  const emails = [await aLeaver(), await aLeaver(), await aLeaver()];
  expect(await post({ email: emails[0] })).toMatchObject({ status: 'unsubscribed' });
  expect(await batch([{ email: emails[1] }])).toMatchObject({ reactivated: 0 });
  expect(await batch([{ email: emails[1] }], { reactivate: true })).toMatchObject({ reactivated: 1 });
  expect(await post({ email: emails[0], reactivate: true })).toMatchObject({ status: 'active' });
  // The person may still be asked.
  expect(await post({ email: emails[2], status: 'pending' })).toMatchObject({ status: 'pending' });
  await account({ reactivate: true });
});
