import { MongoNetworkError } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import { aList, anApi, aSubscriber, type Call, type TestApi } from '../../support/api/api.js';

let api: TestApi;
let list: number;
let other: number;
let id: number;
let path: string;
let visitor = 0;

const CAMPAIGN = 7;
const ONE_CLICK: Call = {
  key: null,
  payload: 'List-Unsubscribe=One-Click',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
};

beforeAll(async () => {
  api = await anApi();
  list = await aList(api, { name: 'Tea & <b>Biscuits</b>' });
  other = await aList(api, { name: 'Other' });
});
beforeEach(async () => {
  visitor += 1;
  ({ id } = await aSubscriber(api, list, { email: `reader${visitor}@example.com` }));
  path = `/u/${linkTokens(await api.deps.linkKeys.ring()).forRecipient(CAMPAIGN, id)}`;
});
afterAll(() => api.close());

const statusOf = async (subscriber = id) =>
  (await api.call(`GET /api/v1/subscribers/${subscriber}`)).json().data.status;
const unsubscribes = () =>
  api.store.db.collection('events').find({ subscriber: id, type: 'subscriber.unsubscribed' }).toArray();

test('GET and HEAD never unsubscribe, however often a scanner comes', async () => {
  for (const method of ['GET', 'HEAD', 'GET']) {
    const answer = await api.call(`${method} ${path}`, { key: null });
    expect(answer.statusCode).toBe(200);
  }
  expect(await statusOf()).toBe('active');
});

test('a one-click POST unsubscribes from this list only, with an empty 200, and records the campaign', async () => {
  const there = await aSubscriber(api, other, { email: `reader${visitor}@example.com` });
  const answer = await api.call(`POST ${path}`, ONE_CLICK);
  expect([answer.statusCode, answer.body, answer.headers.location]).toEqual([200, '', undefined]);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(await statusOf()).toBe('unsubscribed');
  expect(await statusOf(there.id)).toBe('active');
  expect(await unsubscribes()).toMatchObject([{ account: api.account, campaign: CAMPAIGN, data: { by: 'one_click' } }]);
});

test('a repeated POST gets the same 200 and is recorded once', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.call(`POST ${path}`, ONE_CLICK)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200]);
  expect(await unsubscribes()).toHaveLength(1);
});

const BOUNDARY = 'x-y-z';
const MULTIPART_TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
const MULTIPART = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${BOUNDARY}--\r\n`;

test.each<[string, Call]>([
  ['multipart/form-data', { payload: MULTIPART, headers: MULTIPART_TYPE }],
  ['no media type', { payload: 'List-Unsubscribe=One-Click' }],
  ['no body', {}],
])('a one-click POST with %s counts as well', async (_what, call) => {
  const answer = await api.call(`POST ${path}`, { ...call, key: null });
  expect([answer.statusCode, answer.body]).toEqual([200, '']);
  expect(await statusOf()).toBe('unsubscribed');
});

test('a link without a campaign unsubscribes too', async () => {
  const link = `/u/${linkTokens(await api.deps.linkKeys.ring()).forRecipient(0, id)}`;
  expect((await api.call(`POST ${link}`, ONE_CLICK)).statusCode).toBe(200);
  expect(await statusOf()).toBe('unsubscribed');
  expect(await unsubscribes()).toMatchObject([{ data: { by: 'one_click' } }]);
});

test('a suppressed recipient can unsubscribe, without a redirect', async () => {
  await api.deps.suppressions.add(api.account, `reader${visitor}@example.com`, 'manual', null);
  for (const form of [ONE_CLICK, { ...ONE_CLICK, payload: MULTIPART, headers: MULTIPART_TYPE }, ONE_CLICK]) {
    const answer = await api.call(`POST ${path}`, { ...form, headers: { ...form.headers, cookie: 'session=stale' } });
    expect([answer.statusCode, answer.body, answer.headers.location]).toEqual([200, '', undefined]);
  }
  expect(await statusOf()).toBe('unsubscribed');
});

test('a pending subscriber can unsubscribe', async () => {
  const waiting = await aSubscriber(api, list, { email: `waiting${visitor}@example.com`, status: 'pending' });
  const link = `/u/${linkTokens(await api.deps.linkKeys.ring()).forRecipient(0, waiting.id)}`;
  await api.call(`POST ${link}`, ONE_CLICK);
  expect(await statusOf(waiting.id)).toBe('unsubscribed');
});

test('the button on the page unsubscribes and answers with a page', async () => {
  const page = await api.call(`GET ${path}`, { key: null });
  expect(page.body).toContain('<form method="post"><button name="from" value="page">Unsubscribe</button></form>');
  const answer = await api.call(`POST ${path}`, { ...ONE_CLICK, payload: 'from=page' });
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toContain('You are unsubscribed');
  expect(await unsubscribes()).toMatchObject([{ data: { by: 'link' } }]);
  const again = await api.call(`GET ${path}`, { key: null });
  expect(again.body).not.toContain('<form');
});

test('the page escapes the name of the list, runs no script and is not cached', async () => {
  const { body, headers } = await api.call(`GET ${path}`, { key: null });
  expect(body).toContain('Unsubscribe from Tea &amp; &lt;b&gt;Biscuits&lt;/b&gt;?');
  expect(body).not.toMatch(/<script|https?:/i);
  expect(body).toMatch(/<html lang="en">[\s\S]*name="viewport"/);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['referrer-policy']).toBe('no-referrer');
});

test.each([
  ['?lang=de', '', 'Abbestellen'],
  ['', 'pt-BR,pt;q=0.9', 'Cancelar inscrição'],
  ['?lang=xx', 'nl, fr;q=0.5, en;q=0.1', 'Se désabonner'],
  ['?lang=es&lang=de', 'en', 'Unsubscribe'],
])('%s with Accept-Language %s is answered in that language', async (query, accepted, button) => {
  const { body, headers } = await api.call(`GET ${path}${query}`, {
    key: null,
    headers: { 'accept-language': accepted },
  });
  expect(body).toContain(`value="page">${button}</button>`);
  expect(body).toContain(`<html lang="${headers['content-language']}">`);
});

test('a forged or truncated token, or one of another key, is 404 and changes nothing', async () => {
  const flipped = path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A');
  const foreign = linkTokens([{ kid: 1, key: Buffer.alloc(32), current: true }]).forRecipient(CAMPAIGN, id);
  for (const forged of [flipped, `/u/${foreign}`, path.slice(0, -4), '/u/x', `/u/${'A'.repeat(400)}`]) {
    expect((await api.call(`POST ${forged}`, ONE_CLICK)).statusCode).toBe(404);
    expect((await api.call(`GET ${forged}`, { key: null })).statusCode).toBe(404);
  }
  expect(await statusOf()).toBe('active');
});

test('old links work after a key rotation, new ones at once', async () => {
  const renewed = await api.deps.linkKeys.renew();
  expect(renewed.map(({ kid, current }) => [kid, current])).toEqual([
    [2, true],
    [1, false],
  ]);
  const renewedPath = `/u/${linkTokens(renewed).forRecipient(CAMPAIGN, id)}`;
  for (const link of [path, renewedPath]) expect((await api.call(`GET ${link}`, { key: null })).statusCode).toBe(200);
});

test('the link of an erased person gets the same response', async () => {
  await api.call(`DELETE /api/v1/subscribers/reader${visitor}@example.com?erase=true`);
  expect((await api.call(`POST ${path}`, ONE_CLICK)).statusCode).toBe(200);
  expect((await api.call(`GET ${path}`, { key: null })).body).toContain('You are unsubscribed');
});

test('a bounced subscriber stays bounced and cannot resubscribe', async () => {
  await api.deps.subscribers.suppress(api.account, `reader${visitor}@example.com`, 'bounced', { reply: null });
  await api.call(`POST ${path}`, ONE_CLICK);
  expect(await statusOf()).toBe('bounced');
});

test('a failure is shown to a person on a page, and to a mail program by the status', async () => {
  const { unsubscribeByLink } = api.deps.subscribers;
  api.deps.subscribers.unsubscribeByLink = () => Promise.reject(new MongoNetworkError('gone'));
  const asked: Call = { ...ONE_CLICK, payload: 'from=page' };
  const [person, program] = await Promise.all([api.call(`POST ${path}`, asked), api.call(`POST ${path}`, ONE_CLICK)]);
  api.deps.subscribers.unsubscribeByLink = unsubscribeByLink;
  expect([person.statusCode, program.statusCode]).toEqual([503, 503]);
  expect(person.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'retry-after': '5' });
  expect(person.body).toContain('Please try again');
  expect(await statusOf()).toBe('active');
});
