import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from '../../../store/accounts/audit.js';
import { anApi, type TestApi } from '../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());

const trail = async (query = '') => (await api.call(`GET /api/v1/audit${query}`)).json();

test('a change of keys is recorded with its author, action and address, but no secret', async () => {
  const made = (
    await api.call('POST /api/v1/keys', { payload: { name: 'Form' }, remoteAddress: '203.0.113.9' })
  ).json();
  const { id, key } = made.data;
  const rotated = (await api.call(`POST /api/v1/keys/${id}/rotate`, { payload: {} })).json().data;
  await api.call(`POST /api/v1/keys/${rotated.id}/validate`);
  await api.call(`DELETE /api/v1/keys/${rotated.id}`);
  const { data } = await trail();
  const [first] = (await api.call('GET /api/v1/keys')).json().data;
  const by = { kind: 'key', key_id: first.id, account_id: api.account };
  expect(data.map(({ action, target }: { action: string; target: string }) => [action, target])).toEqual([
    ['keys.remove', String(rotated.id)],
    ['keys.validate', String(rotated.id)],
    ['keys.rotate', String(id)],
    ['keys.create', String(id)],
  ]);
  expect(data[3]).toMatchObject({ by, address: '203.0.113.9', fields: ['name'], outcome: 'done' });
  expect(JSON.stringify(data)).not.toContain(key);
});

test('the entry has neither the password of a transport nor the secret of a webhook', async () => {
  const url = 'smtp://me:pa55word@relay.example.com';
  await api.call('POST /api/v1/transports', { payload: { name: 'Relay', url } });
  const hook = (await api.call('POST /api/v1/webhooks', { payload: { url: 'https://x.example.com/h' } })).json().data;
  await api.call(`POST /api/v1/webhooks/${hook.id}/rotate`);
  const { data } = await trail();
  expect(data.slice(0, 3).map(({ action }: { action: string }) => action)).toEqual([
    'webhooks.rotate',
    'webhooks.create',
    'transports.create',
  ]);
  expect(JSON.stringify(data)).not.toMatch(/pa55word|whsec_/);
});

test('refused and repeated requests leave no entry', async () => {
  const before = (await trail()).data.length;
  await api.call('POST /api/v1/keys', { payload: {} });
  await api.call('DELETE /api/v1/keys/999999');
  await api.call('GET /api/v1/keys');
  expect((await trail()).data).toHaveLength(before);
  const once = {
    headers: { 'idempotency-key': 'once' },
    payload: { name: 'grace', email: 'g@example.com', role: 'editor' },
  };
  for (const _ of [1, 2]) await api.call('POST /api/v1/account/members', once);
  expect((await trail()).data).toHaveLength(before + 1);
});

test('an agency’s changes of its clients are in its own audit log, its changes as a client in that of the client', async () => {
  const made = await api.call('POST /api/v1/agency/clients', { payload: { name: 'Bakery' } });
  const client = `/api/v1/agency/clients/${made.json().data.id}`;
  const key = (await api.call(`POST ${client}/keys`, { payload: { name: 'Shop' } })).json().data.id;
  await api.call(`PATCH ${client}`, { payload: { plan: { subscribers: 5 } } });
  for (const word of ['suspend', 'resume']) await api.call(`POST ${client}/${word}`);
  await api.call(`DELETE ${client}/keys/${key}`);
  const headers = { 'everpost-account': String(made.json().data.id) };
  await api.call('PATCH /api/v1/account', { headers, payload: { name: 'Corner Bakery' } });
  const own = (await api.call('GET /api/v1/audit', { headers })).json().data;
  await api.call(`DELETE ${client}`);
  const id = String(made.json().data.id);
  const [{ by }] = (await trail()).data;
  expect((await trail('?limit=7')).data).toMatchObject([
    { action: 'agency.clients.remove', target: id, by },
    { action: 'agency.clients.keys.remove', target: `${id}/${key}`, by },
    { action: 'agency.clients.resume', target: id, by },
    { action: 'agency.clients.suspend', target: id, by },
    { action: 'agency.clients.change', target: id, by, fields: ['plan'] },
    { action: 'agency.clients.keys.create', target: `${id}/${key}`, by },
    { action: 'agency.clients.create', target: id, by },
  ]);
  expect(by).toMatchObject({ kind: 'key', account_id: api.account });
  expect(own).toMatchObject([{ action: 'account.change', target: null, by, outcome: 'done' }]);
});

test('a change whose process ended before its outcome was recorded is listed as in doubt', async () => {
  const rows = api.store.db.collection<AuditEntry>('audit');
  const { accounts } = api.deps;
  let seen: AuditEntry | null = null;
  const change = accounts.change;
  Object.assign(accounts, {
    change: async (...args: Parameters<typeof change>) => {
      await change(...args);
      seen = await rows.findOne({ action: 'account.change', account: api.account });
      throw new Error('the process ended');
    },
  });
  expect((await api.call('PATCH /api/v1/account', { payload: { name: 'Acme' } })).statusCode).toBe(500);
  Object.assign(accounts, { change });
  expect(seen).toMatchObject({ outcome: 'in_doubt' });
  const [entry] = (await trail('?action=account.change')).data;
  expect(entry).toMatchObject({ outcome: 'in_doubt', fields: ['name'] });
});

test('each page continues where the last one ended', async () => {
  const all = (await trail()).data;
  const read = [];
  for (let after = ''; ; ) {
    const { data, meta } = await trail(`?limit=2${after}`);
    read.push(...data);
    if (meta.next === null) break;
    after = `&after=${meta.next}`;
  }
  expect(read).toEqual(all);
  expect((await trail('?action=keys.rotate')).data).toHaveLength(1);
  expect((await trail('?key_id=999')).data).toEqual([]);
});
