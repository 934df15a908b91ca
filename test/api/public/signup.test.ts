import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { confirmationActivities } from '../../../activities/subscriber/confirmation.js';
import { idleEngine } from '../../../api/engine/engine.js';
import { useClock } from '../../../clock.js';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import type { Confirmation } from '../../../store/confirmations/row.js';
import { aList, anApi, aSubscriber, type Call, type TestApi } from '../../support/api/api.js';

let api: TestApi;
let list: number;
let path: string;
let email: string;
let visitor = 0;
const woken: number[] = [];

beforeAll(async () => {
  const engine = { ...idleEngine, notifyConfirmation: ({ _id }: { _id: number }) => void woken.push(_id) };
  api = await anApi({}, { engine });
  list = await aList(api, { name: 'Tea & Biscuits', double_opt_in: true, language: 'de' });
  path = (await api.call(`GET /api/v1/lists/${list}`)).json().data.signup_url.replace('http://127.0.0.1:3000', '');
});
beforeEach(() => {
  visitor += 1;
  email = `Reader${visitor}@example.com`;
});
afterAll(() => api.close());

const form = (fields: Record<string, string>, options: Call = {}) =>
  api.call(`POST ${path}`, {
    key: null,
    remoteAddress: `192.0.2.${visitor}`,
    payload: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...options,
  });
const json = (payload: unknown) =>
  form({}, { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json; charset=utf-8' } });
const requests = () => api.store.db.collection<Confirmation>('confirmations');
const latest = async () => (await requests().findOne({}, { sort: { _id: -1 } })) as Confirmation;
const opened = async () => (await api.deps.confirmations.open(api.account, (await latest())._id)) as Confirmation;
const person = async () => (await api.deps.subscribers.onEveryList(api.account, email.toLowerCase()))[0];
const linkOf = async ({ _id, subscriber }: Confirmation) =>
  `/confirm/${linkTokens(await api.deps.linkKeys.ring()).forConfirmation(_id, subscriber ?? 0)}`;
const happened = async (id: number) => {
  const events = api.store.db.collection<{ _id: string; subscriber: number; type: string }>('events');
  return (await events.find({ subscriber: id }).sort({ at: 1 }).toArray()).map(({ type }) => type);
};

test('the page has a form that works without a script, labelled and in the list’s language', async () => {
  const { statusCode, body } = await api.call(`GET ${path}`, { key: null });
  expect(statusCode).toBe(200);
  expect(body).toMatch(/<html lang="de">[\s\S]*<h1>Tea &amp; Biscuits abonnieren<\/h1>/);
  expect(body).toMatch(/<label>E-Mail-Adresse<input type="email" name="email"[^>]* required/);
  expect(body).not.toMatch(/<script|https?:/i);
});

test('the response is the same for every address and is sent before any lookup', async () => {
  const known = `known${visitor}@example.com`;
  await aSubscriber(api, list, { email: known });
  const answers = [await form({ email }), await form({ email: known }), await form({ email })];
  expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
  expect(answers[0]?.statusCode).toBe(202);
  expect((await json({ email: known })).json()).toEqual({ data: { status: 'asked' } });
  expect(await latest()).toMatchObject({
    state: 'requested',
    source: 'form',
    ip: `192.0.2.${visitor}`,
    language: 'de',
  });
  expect(woken.at(-1)).toBe((await latest())._id);
});

test('a sign-up is pending and not counted until it is confirmed, with evidence', async () => {
  await form({ email, first_name: ' Ada ', from: 'page' });
  const row = await opened();
  expect(await person()).toMatchObject({ status: 'pending', email, first_name: 'Ada', source: 'page' });
  const counts = await api.deps.lists.counts(api.account, [list]);
  const sendable = await api.deps.subscribers.countSendable(api.account, list);
  const link = await linkOf(row);
  for (const method of ['GET', 'HEAD', 'GET'])
    expect((await api.call(`${method} ${link}`, { key: null })).statusCode).toBe(200);
  expect((await person())?.status).toBe('pending');
  const { statusCode, body } = await api.call(`POST ${link}`, { key: null, remoteAddress: '198.51.100.7' });
  expect([statusCode, body.includes('R•••@example.com')]).toEqual([200, true]);
  expect(await person()).toMatchObject({
    status: 'active',
    consent: { source: 'page', ip: `192.0.2.${visitor}`, at: row.requested_at, confirmed_ip: '198.51.100.7' },
  });
  expect((await api.deps.lists.counts(api.account, [list])).get(list)?.active).toBe(
    (counts.get(list)?.active ?? 0) + 1,
  );
  expect(await api.deps.subscribers.countSendable(api.account, list)).toBe(sendable + 1);
  expect(await happened(row.subscriber ?? 0)).toEqual(['subscriber.pending', 'subscriber.created']);
  expect(await latest()).not.toHaveProperty('requested');
});

test('a suspended or closed account accepts no sign-up and sends no confirmation mail', async () => {
  await form({ email });
  const { _id: confirmation } = await latest();
  const mails = () => Promise.reject(new Error('mails'));
  const parts = {
    linkTokens: { forConfirmation: () => 'token' },
    renderer: { render: mails },
    templates: { publishedEdition: mails },
  };
  const engine = { startMessage: async () => undefined };
  const steps = confirmationActivities({ ...api.deps, ...parts, engine });
  const ask = () => steps.requestConfirmation({ account: api.account, confirmation });
  const accounts = api.store.db.collection<{ _id: number; state?: string }>('accounts');
  for (const state of ['suspended', 'closed']) {
    await accounts.updateOne({ _id: api.account }, { $set: { state } });
    expect((await api.call(`GET ${path}`, { key: null })).statusCode).toBe(404);
    expect((await form({ email: 'stranger@example.com' })).statusCode).toBe(404);
    await ask();
  }
  expect((await latest())._id).toBe(confirmation);
  await accounts.updateOne({ _id: api.account }, { $unset: { state: '' } });
  await expect(ask()).rejects.toThrow('mails');
});

test('a second confirmation has no effect; the link does not resubscribe a person who has unsubscribed since', async () => {
  await form({ email });
  const link = await linkOf(await opened());
  await Promise.all([1, 2, 3].map(() => api.call(`POST ${link}`, { key: null })));
  const id = (await person())?._id ?? 0;
  expect(await happened(id)).toEqual(['subscriber.pending', 'subscriber.created']);
  await api.call(`DELETE /api/v1/subscribers/${email}`);
  expect((await api.call(`POST ${link}`, { key: null })).statusCode).toBe(410);
  expect((await person())?.status).toBe('unsubscribed');
});

test('an unsubscribed person is asked, and keeps their name until they confirm', async () => {
  const { id } = await aSubscriber(api, list, { email, first_name: 'Ada' });
  await api.call(`DELETE /api/v1/subscribers/${email}`);
  await form({ email, first_name: 'Mallory' });
  const row = await opened();
  expect(await person()).toMatchObject({ _id: id, status: 'pending', first_name: 'Ada' });
  await api.deps.confirmations.expire(api.account, row._id);
  expect(await person()).toMatchObject({ status: 'unsubscribed', first_name: 'Ada' });
  await form({ email, first_name: 'Grace' });
  await api.call(`POST ${await linkOf(await opened())}`, { key: null });
  expect(await person()).toMatchObject({ _id: id, status: 'active', first_name: 'Grace', unsubscribed_at: null });
  expect((await happened(id)).at(-1)).toBe('subscriber.reactivated');
});

test.each(['active', 'bounced', 'complained'] as const)('a person who is %s is not asked', async (status) => {
  await aSubscriber(api, list, { email });
  if (status !== 'active')
    await api.deps.subscribers.suppress(api.account, email.toLowerCase(), status, { reply: null });
  await form({ email });
  expect(await opened()).toMatchObject({ state: 'closed' });
  expect((await person())?.status).toBe(status);
});

test('a person with an open request is not asked again', async () => {
  await form({ email });
  const first = await opened();
  await form({ email });
  expect(await opened()).toMatchObject({ state: 'closed', reason: 'already_requested' });
  expect(await api.deps.confirmations.isStillWaiting(api.account, first._id)).toBe(true);
});

test('an expired link is refused, and a person who never confirmed is deleted', async () => {
  await form({ email });
  const row = await opened();
  const restore = useClock({ now: () => new Date(row.expires_at.getTime() + 1) });
  const { statusCode, body } = await api.call(`POST ${await linkOf(row)}`, { key: null });
  restore();
  expect(statusCode).toBe(410);
  expect(body).toContain(`href="../lists/${path.split('/')[2]}/signup"`);
  await api.deps.confirmations.expire(api.account, row._id);
  expect(await person()).toBeUndefined();
  expect((await happened(row.subscriber ?? 0)).at(-1)).toBe('subscriber.unconfirmed');
});

test('invalid input shows the form again, and a bot gets the usual response', async () => {
  const before = await requests().countDocuments();
  for (const fields of [{ email: 'no-address' }, { email, first_name: 'a\nb' }, {}]) {
    const { statusCode, body } = await form(fields as Record<string, string>);
    expect([statusCode, body.includes('role="alert"')]).toEqual([422, true]);
  }
  expect((await json({ email, colour: 'red' })).json().error).toMatchObject({ code: 'validation_failed' });
  expect((await json({ email: 'no-address' })).json().error.errors).toHaveProperty('email');
  expect((await form({}, { payload: '{', headers: { 'content-type': 'application/json' } })).statusCode).toBe(400);
  expect((await form({ email, website: 'https://spam.example' })).statusCode).toBe(202);
  expect(await requests().countDocuments()).toBe(before);
});

test('a visitor with many sign-ups is limited for an hour; others are not', async () => {
  const answers = [];
  for (let n = 0; n <= 20; n++) answers.push((await form({ email: `many${n}@example.com` })).statusCode);
  expect(answers).toEqual([...Array(20).fill(202), 429]);
  expect((await form({ email }, { remoteAddress: '203.0.113.9' })).statusCode).toBe(202);
});

test('a list without double opt-in accepts no public sign-up', async () => {
  const closed = await aList(api, { name: 'Closed' });
  const { uid, signup_url } = (await api.call(`GET /api/v1/lists/${closed}`)).json().data;
  expect(signup_url).toBeNull();
  for (const there of [uid, 'x', '0'.repeat(32)]) {
    expect((await api.call(`GET /lists/${there}/signup`, { key: null })).statusCode).toBe(404);
    expect((await api.call(`POST /lists/${there}/signup`, { key: null, payload: `email=${email}` })).statusCode).toBe(
      404,
    );
  }
});

test('a caller can request a confirmation, or add an active subscriber, which closes the request', async () => {
  const asked = await api.call('POST /api/v1/subscribers', { payload: { email, list_id: list, status: 'pending' } });
  expect([asked.statusCode, asked.json().data.status]).toEqual([201, 'pending']);
  const again = await api.call('POST /api/v1/subscribers', { payload: { email, list_id: list, status: 'pending' } });
  expect([again.statusCode, again.json().data.status]).toEqual([200, 'pending']);
  const vouched = await api.call('POST /api/v1/subscribers', { payload: { email, list_id: list } });
  expect([vouched.statusCode, vouched.json().data.status]).toEqual([200, 'active']);
});

test('an erased person leaves no request behind', async () => {
  await form({ email });
  const row = await opened();
  await api.call(`DELETE /api/v1/subscribers/${email}?erase=true`);
  expect(await requests().findOne({ _id: row._id })).toBeNull();
  expect((await api.deps.suppressions.among(api.account, [email.toLowerCase()])).size).toBe(0);
});
