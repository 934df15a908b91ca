import { afterAll, beforeAll, expect, test } from 'vitest';
import { notifyListOwners } from '../../../activities/sweep/list-notices.js';
import { listNotices } from '../../../store/lists/notices.js';
import { aList, anApi, aSubscriber, type TestApi } from '../../support/api/api.js';
import { rows } from '../../support/api/messages.js';

let api: TestApi;
let list: number;
const OWNER = 'owner@acme.example';

beforeAll(async () => {
  api = await anApi();
  list = await aList(api, { name: 'Tea & Co' });
});
afterAll(() => api.close());

const sweep = (over: object = {}) => {
  const engine = { startMessage: async () => undefined };
  const log = { warn: () => undefined };
  return notifyListOwners({ ...api.deps, log, listNotices: listNotices(api.store), engine, ...over });
};
const notify = (notifications: object) => api.call(`PATCH /api/v1/lists/${list}`, { payload: { notifications } });
const sentNotices = async () => (await rows(api)).map(({ to, subject }) => [to.email, subject]);

test('new and unsubscribed people are mailed to the addresses of the list, each once', async () => {
  await aSubscriber(api, list, { email: 'before@example.com' });
  await notify({ subscribe: true, subscribe_to: OWNER, unsubscribe: true, unsubscribe_to: OWNER });
  await sweep();
  await aSubscriber(api, list, { email: 'ana@example.com' });
  await aSubscriber(api, await aList(api, { name: 'Other' }), { email: 'elsewhere@example.com' });
  await api.call(`DELETE /api/v1/subscribers/ana@example.com?list_id=${list}`);
  await sweep();
  await sweep();
  const expected = [
    [OWNER, 'ana@example.com is on Tea & Co now'],
    [OWNER, 'ana@example.com has left Tea & Co'],
  ];
  expect(await sentNotices()).toEqual(expected);
});

test('a crash between the mail and its record repeats no mail', async () => {
  const before = (await sentNotices()).length;
  await aSubscriber(api, list, { email: 'bo@example.com' });
  const broken = {
    ...listNotices(api.store),
    recordNotified: async () => {
      throw new Error('killed');
    },
  };
  const warned: unknown[] = [];
  await sweep({ listNotices: broken, log: { warn: (details: object) => warned.push(details) } });
  // A list that fails does not delay the others.
  expect(warned).toContainEqual({ list, error: 'Error: killed' });
  await sweep();
  expect((await sentNotices()).slice(before)).toEqual([[OWNER, 'bo@example.com is on Tea & Co now']]);
});

test('a notification that is off sends nothing, and sends no earlier events when it is on again', async () => {
  const before = (await sentNotices()).length;
  await notify({ subscribe: false });
  await aSubscriber(api, list, { email: 'quiet@example.com' });
  await sweep();
  await notify({ subscribe: true });
  await sweep();
  await aSubscriber(api, list, { email: 'loud@example.com' });
  await sweep();
  expect((await sentNotices()).slice(before)).toEqual([[OWNER, 'loud@example.com is on Tea & Co now']]);
});

test('a suspended account is not notified, nor later of what happened meanwhile', async () => {
  const before = (await sentNotices()).length;
  await aSubscriber(api, list, { email: 'meanwhile@example.com' });
  await api.deps.suspension.suspend(api.account);
  await sweep();
  await api.deps.suspension.resume(api.account);
  await sweep();
  expect(await sentNotices()).toHaveLength(before);
});

const OWNED = { subscribe: true, subscribe_to: OWNER, unsubscribe: true, unsubscribe_to: OWNER };

test('a person who joins at once after the list was made or changed is reported, before any sweep', async () => {
  const before = (await sentNotices()).length;
  const made = await aList(api, { name: 'Made', notifications: OWNED });
  await aSubscriber(api, made, { email: 'first@example.com' });
  await api.call(`PATCH /api/v1/lists/${made}`, { payload: { notifications: { subscribe_to: 'other@acme.example' } } });
  await aSubscriber(api, made, { email: 'second@example.com' });
  await sweep();
  await sweep();
  expect((await sentNotices()).slice(before)).toEqual([
    ['other@acme.example', 'first@example.com is on Made now'],
    ['other@acme.example', 'second@example.com is on Made now'],
  ]);
});

test('a second notification covers only what happens after it was turned on', async () => {
  const before = (await sentNotices()).length;
  const made = await aList(api, { name: 'Grown', notifications: { subscribe: true, subscribe_to: OWNER } });
  const leave = async (email: string) => {
    await aSubscriber(api, made, { email });
    await api.call(`DELETE /api/v1/subscribers/${email}?list_id=${made}`);
  };
  await leave('early@example.com');
  await api.call(`PATCH /api/v1/lists/${made}`, { payload: { notifications: OWNED } });
  await leave('late@example.com');
  await sweep();
  expect((await sentNotices()).slice(before).map(([, subject]) => subject)).toEqual([
    'early@example.com is on Grown now',
    'late@example.com is on Grown now',
    'late@example.com has left Grown',
  ]);
});
