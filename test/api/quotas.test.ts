import { afterAll, beforeAll, expect, test } from 'vitest';
import { now } from '../../clock.js';
import { endOfMonth, monthOf } from '../../domain/account/plan.js';
import { aClient, aList, anApi, aSubscriber, type Call, type TestApi } from '../support/api/api.js';
import { until } from '../support/until.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ OPENAI_API_KEY: 'a key' });
});
afterAll(() => api.close());

/** A client with this plan, and the API with its key. */
async function aPlanned(plan: object): Promise<TestApi> {
  const client = await aClient(api, 'Measured');
  await api.call(`PATCH /api/v1/agency/clients/${client.account}`, { payload: { plan } });
  const call = (route: string, options: Call = {}) => api.call(route, { key: client.key, ...options });
  return { ...api, ...client, call };
}

const usage = async ({ call }: TestApi) => (await call('GET /api/v1/account/usage')).json().data;
const mail = { subject: 'x', text: 'x' };

test('an accepted message reserves a mail for itself and each copy; one over the quota is refused and stores nothing', async () => {
  const planned = await aPlanned({ name: 'Small', emails_per_month: 3 });
  const send = (to: string, over: object = {}, headers = {}) =>
    planned.call('POST /api/v1/messages', { payload: { to, ...mail, ...over }, headers });
  const once = { 'idempotency-key': 'first' };
  expect((await send('a@example.com', { cc: ['b@example.com'] }, once)).statusCode).toBe(202);
  const { db } = planned.store;
  const kept = () => Promise.all(['contents', 'blobs.files'].map((name) => db.collection(name).countDocuments()));
  const before = await kept();
  const attachments = [{ name: 'a.txt', mime: 'text/plain', data: Buffer.from('a file').toString('base64') }];
  const refused = await send('c@example.com', { cc: ['d@example.com'], text: 'refused', attachments });
  expect(await kept()).toEqual(before);
  expect([refused.statusCode, refused.json().error]).toMatchObject([
    429,
    { code: 'quota_exceeded', details: { limit: 3, used: 0, reserved: 2 } },
  ]);
  expect((await send('c@example.com')).statusCode).toBe(202);
  expect((await send('a@example.com', { cc: ['b@example.com'] }, once)).statusCode).toBe(202);
  expect(await usage(planned)).toMatchObject({
    month: monthOf(now()),
    plan: 'Small',
    emails: { used: 0, reserved: 3, limit: 3, remaining: 0 },
  });
  expect(await planned.store.db.collection('messages').countDocuments({ account: planned.account })).toBe(3);
});

test('an unlimited plan reserves nothing; a limit set within the month counts earlier messages', async () => {
  const planned = await aPlanned({ name: 'Large' });
  const send = async (to: string) => planned.call('POST /api/v1/messages', { payload: { to, ...mail } });
  const { account } = planned;
  const rows = planned.store.db.collection<{ _id: string }>('messages');
  const ids = [];
  for (const n of [1, 2, 3, 4]) ids.push((await send(`n${n}@example.com`)).json().data.id);
  for (const collection of ['reservations', 'usage']) {
    expect(await planned.store.db.collection(collection).countDocuments({ account })).toBe(0);
  }
  await rows.updateOne({ _id: ids[0] }, { $set: { state: 'sent' } });
  await rows.updateOne({ _id: ids[1] }, { $set: { state: 'failed' } });
  expect((await usage(planned)).emails).toMatchObject({ used: 1, reserved: 2, limit: null });
  await api.call(`PATCH /api/v1/agency/clients/${account}`, { payload: { plan: { emails_per_month: 4 } } });
  expect((await send('n5@example.com')).statusCode).toBe(202);
  expect((await send('n6@example.com')).statusCode).toBe(429);
  expect((await usage(planned)).emails).toEqual({ used: 1, reserved: 3, limit: 4, remaining: 0 });
  await planned.call(`POST /api/v1/messages/${ids[2]}/cancel`);
  expect((await send('n6@example.com')).statusCode).toBe(202);
});

test('the quota of a cancelled message is available at once', async () => {
  const planned = await aPlanned({ emails_per_month: 1 });
  const payload = { to: 'a@example.com', ...mail };
  const { id } = (await planned.call('POST /api/v1/messages', { payload })).json().data;
  await planned.call(`POST /api/v1/messages/${id}/cancel`);
  expect((await usage(planned)).emails).toMatchObject({ used: 0, reserved: 0 });
});

test('of many concurrent messages exactly as many are accepted as the quota allows', async () => {
  const planned = await aPlanned({ emails_per_month: 7 });
  const messages = Array.from({ length: 20 }, (_, n) => ({ to: `reader${n}@example.com`, ...mail }));
  const batches = await Promise.all([
    planned.call('POST /api/v1/messages/batch', { payload: { messages: messages.slice(0, 10) } }),
    planned.call('POST /api/v1/messages/batch', { payload: { messages: messages.slice(10) } }),
  ]);
  const accepted = batches.map((answer) => answer.json().meta.accepted);
  expect(accepted[0] + accepted[1]).toBe(7);
  expect((await usage(planned)).emails).toMatchObject({ used: 0, reserved: 7 });
});

test('a launch for more recipients than the remaining quota is refused, and the campaign stays a draft', async () => {
  const planned = await aPlanned({ emails_per_month: 1 });
  const list = await aList(planned);
  for (const email of ['a@example.com', 'b@example.com']) await aSubscriber(planned, list, { email });
  const draft = { list_id: list, subject: 'x', html: '<p>x</p>' };
  const { id } = (await planned.call('POST /api/v1/campaigns', { payload: draft })).json().data;
  const refused = await planned.call(`POST /api/v1/campaigns/${id}/send`);
  expect([refused.statusCode, refused.json().error.code]).toEqual([429, 'quota_exceeded']);
  expect((await planned.call(`GET /api/v1/campaigns/${id}`)).json().data.state).toBe('draft');
  const atOnce = { payload: { ...draft, send: true } };
  expect((await planned.call('POST /api/v1/campaigns', atOnce)).json().error.code).toBe('quota_exceeded');
});

test('a draft by AI is reserved when it is requested; one over the quota is not created', async () => {
  const planned = await aPlanned({ ai_drafts_per_month: 1 });
  const list = await aList(planned);
  const request = { payload: { list_id: list, ai: { prompt: 'Announce it.' } } };
  expect((await planned.call('POST /api/v1/campaigns', request)).statusCode).toBe(201);
  const refused = await planned.call('POST /api/v1/campaigns', request);
  expect([refused.statusCode, refused.json().error.code]).toEqual([429, 'ai_quota_exceeded']);
  expect(await usage(planned)).toMatchObject({ ai_drafts: { reserved: 1, remaining: 0 }, campaigns: { used: 1 } });
  expect(await planned.store.db.collection('drafts').countDocuments({ account: planned.account })).toBe(1);
});

test('requests of a month are counted over all processes, and refused beyond the limit', async () => {
  const planned = await aPlanned({ requests_per_month: 4 });
  const statuses = [];
  for (let n = 0; n < 6; n += 1) statuses.push((await planned.call('GET /api/v1/lists')).statusCode);
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  const refused = await planned.call('GET /api/v1/lists');
  expect(refused.json().error.code).toBe('request_quota_exceeded');
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(await requestsOf(planned)).toEqual({ used: 4, limit: 4, remaining: 0 });
});

test('requests count over native and dialect routes together, exactly, also at the same time', async () => {
  const planned = await aPlanned({ requests_per_month: 5 });
  const { key } = planned;
  const keys = await api.deps.keys.ofAccount(planned.account);
  const envie = { 'private-key': key, 'public-key': String(keys.find((one) => key.startsWith(one.prefix))?._id) };
  const native = () => planned.call('GET /api/v1/lists');
  const dialect = () => planned.call('GET /lists/show', { key: null, headers: envie });
  expect([(await native()).statusCode, (await native()).statusCode]).toEqual([200, 200]);
  const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(dialect));
  const statuses = answers.map(({ statusCode }) => statusCode).sort();
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429]);
  expect((await native()).json().error.code).toBe('request_quota_exceeded');
  expect(await requestsOf(planned)).toEqual({ used: 5, limit: 5, remaining: 0 });
});

test('a refused request does not count, for whatever reason and with whatever API', async () => {
  const planned = await aPlanned({ requests_per_month: 3 });
  const { key } = planned;
  const asDialect = { key: null, headers: { 'x-api-key': key } };
  const refused: readonly [number, () => ReturnType<TestApi['call']>][] = [
    [404, () => planned.call('GET /api/v1/lists/999999')],
    [404, () => planned.call('GET /api/v1/external-mails/0-0', asDialect)],
    [422, () => planned.call('POST /api/v1/lists', { payload: {} })],
    [422, () => planned.call('POST /api/v1/subscribers', { payload: { email: 'a@example.com', list_id: 999_999 } })],
    [400, () => planned.call('POST /api/v1/external-mails/send', { ...asDialect, payload: { mail: {} } })],
    [404, () => planned.call('GET /api/v1/nothing')],
  ];
  for (const [status, ask] of [...refused, ...refused]) expect((await ask()).statusCode).toBe(status);
  expect(await requestsOf(planned)).toMatchObject({ used: 0, remaining: 3 });
  for (let n = 0; n < 3; n += 1) expect((await planned.call('GET /api/v1/lists')).statusCode).toBe(200);
  expect(await requestsOf(planned)).toMatchObject({ used: 3, remaining: 0 });
});

test('of an account without a limit refused requests do not count either', async () => {
  const planned = await aPlanned({ name: 'Large' });
  await planned.call('GET /api/v1/lists/999999');
  await planned.call('GET /api/v1/lists');
  // A process writes its counts within a second.
  await until(async () => (await requestsOf(planned)).used > 0);
  expect(await requestsOf(planned)).toEqual({ used: 1, limit: null, remaining: null });
});

const requestsOf = async ({ account }: TestApi) =>
  (await api.call(`GET /api/v1/agency/clients/${account}/usage`)).json().data.requests;

test('what is refused until the end of the month says so in Retry-After', async () => {
  const end = endOfMonth(monthOf(now())).getTime();
  const waits = async (plan: object, ask: (planned: TestApi) => ReturnType<TestApi['call']>) => {
    const answer = await ask(await aPlanned(plan));
    expect([429, 402]).toContain(answer.statusCode);
    return Math.abs(end - now().getTime() - Number(answer.headers['retry-after']) * 1_000);
  };
  const payload = { to: 'a@example.com', ...mail };
  const drafted = async (planned: TestApi) =>
    planned.call('POST /api/v1/campaigns', { payload: { list_id: await aList(planned), ai: { prompt: 'Announce.' } } });
  const external = { mail: { to: { email: 'a@example.com' }, subject: 'x', html: 'x' } };
  const all = [
    await waits({ emails_per_month: 0 }, ({ call }) => call('POST /api/v1/messages', { payload })),
    await waits({ ai_drafts_per_month: 0 }, drafted),
    await waits({ requests_per_month: 0 }, ({ call }) => call('GET /api/v1/lists')),
    await waits({ emails_per_month: 0 }, ({ call, key }) =>
      call('POST /api/v1/external-mails/send', { key: null, headers: { 'x-api-key': key }, payload: external }),
    ),
  ];
  for (const difference of all) expect(difference).toBeLessThan(10_000);
});

test('an agency reads the total usage of its clients', async () => {
  const { used, reserved } = (await api.call('GET /api/v1/agency')).json().data.usage.emails;
  expect([used, reserved]).toEqual([1, 13]);
  const past = await api.call('GET /api/v1/account/usage?month=2020-01');
  expect(past.json().data).toMatchObject({
    month: '2020-01',
    emails: { used: 0 },
    resets_at: '2020-02-01T00:00:00+00:00',
  });
});
