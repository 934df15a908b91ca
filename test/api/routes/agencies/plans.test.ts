import { afterAll, beforeAll, expect, test } from 'vitest';
import { importRows } from '../../../../store/imports/rows.js';
import { aClient, aList, anApi, type Call, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi({ OPENAI_API_KEY: 'a key' });
});
afterAll(() => api.close());

/** A client with this plan, and the API with its key. */
async function aPlanned(plan: object): Promise<TestApi> {
  const client = await aClient(api, 'Planned');
  await api.call(`PATCH /api/v1/agency/clients/${client.account}`, { payload: { plan } });
  const call = (route: string, options: Call = {}) => api.call(route, { key: client.key, ...options });
  return { ...api, ...client, call };
}

const person = (n: number) => ({ email: `reader${n}@example.com` });
const people = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => person(from + n));

test('a plan is shown as a whole: absent limits are unlimited', async () => {
  const { account } = await aPlanned({ name: 'Starter', subscribers: 5 });
  const shown = (await api.call(`GET /api/v1/agency/clients/${account}`)).json().data.plan;
  expect(shown).toMatchObject({ name: 'Starter', subscribers: 5, campaigns: null, ai: true });
  expect((await api.call('GET /api/v1/agency')).json().data.plans).toContainEqual({ name: 'Starter', clients: 1 });
  const lifted = await api.call(`PATCH /api/v1/agency/clients/${account}`, { payload: { plan: {} } });
  expect(lifted.json().data.plan).toMatchObject({ name: null, subscribers: null });
});

test('subscribers over the limit: 402 for one, skipped in a batch; existing ones are updated, erased ones free capacity', async () => {
  const planned = await aPlanned({ subscribers: 4 });
  const list = await aList(planned);
  const add = (n: number) => planned.call('POST /api/v1/subscribers', { payload: { ...person(n), list_id: list } });
  const batch = { list_id: list, subscribers: [...people(0, 6), { ...person(5), first_name: 'Twice' }] };
  expect((await add(0)).statusCode).toBe(201);
  const answer = (await planned.call('POST /api/v1/subscribers/batch', { payload: batch })).json();
  expect(answer.data).toMatchObject({ created: 3, updated: 1, skipped_over_cap: 3 });
  expect(answer.meta).toEqual({ received: 7, processed: 4 });
  const refused = await add(9);
  expect([refused.statusCode, refused.json().error.code]).toEqual([402, 'subscriber_limit_reached']);
  expect((await add(1)).statusCode).toBe(200);
  await planned.call('DELETE /api/v1/subscribers/reader0@example.com?erase=true');
  const asked = { payload: { ...person(8), list_id: list, status: 'pending' } };
  expect((await planned.call('POST /api/v1/subscribers', asked)).statusCode).toBe(201);
  expect((await add(9)).statusCode).toBe(402);
  const pending = { payload: { ...person(7), list_id: list, status: 'pending' } };
  expect((await planned.call('POST /api/v1/subscribers', pending)).json().error.code).toBe('subscriber_limit_reached');
});

test('concurrent requests do not exceed the limit', async () => {
  const planned = await aPlanned({ subscribers: 25 });
  const list = await aList(planned);
  const single = people(0, 12).map((one) =>
    planned.call('POST /api/v1/subscribers', { payload: { ...one, list_id: list } }),
  );
  const batches = [20, 30, 40].map((from) =>
    planned.call('POST /api/v1/subscribers/batch', { payload: { list_id: list, subscribers: people(from, from + 8) } }),
  );
  await Promise.all([...single, ...batches]);
  expect(await api.store.db.collection('subscribers').countDocuments({ account: planned.account })).toBe(25);
});

test('an import skips subscribers over the limit and reports their number', async () => {
  const { subscribers } = api.deps;
  const planned = await aPlanned({ subscribers: 2 });
  const list = await aList(planned);
  await subscribers.addBatch({ account: planned.account, list, source: 'x', requests: [subscriber(1)] });
  const requests = [1, 2, 3, 3].map((n, row) => ({ ...subscriber(n), first_name: `Row ${row}`, row }));
  const chunk = { account: planned.account, list, import: 1, from: 0, dryRun: false, requests };
  const fates = await importRows(api.store).importRows(chunk);
  expect([...fates.values()]).toEqual(['updated', 'created', 'over_cap', 'over_cap']);
  expect(await importRows(api.store).importRows(chunk)).toEqual(fates);
});

const subscriber = (n: number) => ({ email: person(n).email, email_key: person(n).email });

test('campaigns, domains and clients are limited; a repeat of the last one does not count twice', async () => {
  const planned = await aPlanned({ campaigns: 1, senders: 1 });
  const list = await aList(planned);
  const draft = { payload: { list_id: list, subject: 'x', html: '<p>x</p>' } };
  const once = { ...draft, headers: { 'idempotency-key': 'draft' } };
  expect((await planned.call('POST /api/v1/campaigns', once)).statusCode).toBe(201);
  expect((await planned.call('POST /api/v1/campaigns', once)).statusCode).toBe(201);
  const refused = await planned.call('POST /api/v1/campaigns', draft);
  expect([refused.statusCode, refused.json().error.code]).toEqual([402, 'campaign_limit_reached']);
  const add = (domain: string) => planned.call('POST /api/v1/domains', { payload: { domain } });
  expect((await add('one.example')).statusCode).toBe(201);
  expect((await add('one.example')).statusCode).toBe(422);
  expect((await add('two.example')).json().error.code).toBe('sender_limit_reached');

  const many = await api.store.db.collection('accounts').countDocuments({ parent_id: api.account });
  await api.deps.accounts.setPlan(api.account, { clients: many });
  const client = { payload: { name: 'One more' } };
  expect((await api.call('POST /api/v1/agency/clients', client)).json().error.code).toBe('client_limit_reached');
  await api.deps.accounts.setPlan(api.account, { clients: 0 });
  expect((await api.call('POST /api/v1/agency/clients', client)).json().error.code).toBe('clients_not_allowed');
  await api.deps.accounts.setPlan(api.account, null);
});

test('a plan without AI refuses drafts', async () => {
  const planned = await aPlanned({ ai: false });
  const list = await aList(planned);
  const campaign = { list_id: list, ai: { prompt: 'Announce it.' } };
  const answer = await planned.call('POST /api/v1/campaigns', { payload: campaign });
  expect([answer.statusCode, answer.json().error.code]).toEqual([402, 'ai_not_available']);
});
