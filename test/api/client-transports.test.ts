import { afterAll, beforeAll, expect, test } from 'vitest';
import { aClient, anApi, type TestApi } from '../support/api/api.js';
import { type SmtpServer, smtpServer } from '../support/scripted/smtp-server.js';
import { quietPort } from '../support/servers/quiet-port.js';

let api: TestApi;
let relay: SmtpServer;
let client: { account: number; key: string };
beforeAll(async () => {
  api = await anApi();
  relay = await smtpServer();
  client = await aClient(api, 'Bakery');
});
afterAll(async () => {
  await relay?.close();
  await api?.close();
});

const create = (url: string, call: object = { key: client.key }) =>
  api.call('POST /api/v1/transports', { payload: { name: 'Relay', url }, ...call });
const tested = async (id: number, call: object = { key: client.key }) => {
  const { milliseconds: _, ...seen } = (await api.call(`POST /api/v1/transports/${id}/test`, call)).json().data;
  return seen;
};
const PRIVATE = { url: [expect.stringMatching(/^The url must not point to a private.*ALLOWED_PRIVATE_HOSTS\.$/)] };

test.each([
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '10.1.2.3',
  '169.254.169.254',
])('a client cannot set up or move a transport to %s', async (host) => {
  const made = await create(`smtp://relay.example.org`);
  expect(made.statusCode).toBe(201);
  const payload = { url: `smtps://user:password@${host}:2525` };
  const answers = [
    await create(payload.url),
    await create(payload.url, { headers: { 'everpost-account': String(client.account) } }),
    await api.call(`PATCH /api/v1/transports/${made.json().data.id}`, { key: client.key, payload }),
  ];
  for (const answer of answers) expect([answer.statusCode, answer.json().error.errors]).toEqual([422, PRIVATE]);
});

test('a client’s test gives the same result for an open and for a closed loopback port', async () => {
  const seen = [];
  for (const port of [relay.port, await quietPort()]) {
    seen.push(await tested((await create(`smtp://localhost:${port}`)).json().data.id));
    // A row created before clients were kept from private hosts.
    const { _id } = await api.deps.transports.create(client.account, {
      ...{ name: 'Old', url: `smtp://127.0.0.1:${port}`, rate_per_second: null, connections: 1, priority: 1 },
      ...{ enabled: true, purpose: 'all' },
    });
    seen.push(await tested(_id), await tested(_id, { headers: { 'everpost-account': String(client.account) } }));
  }
  const unreached = { ok: false, stage: 'connect', tls: null, cipher: null, authenticated: false };
  expect(seen).toEqual(seen.map(() => ({ ...unreached, says: 'no connection to the server' })));
  expect(relay.steps.connect).toBe(0);
});

test('the accounts of the operator reach private relays', async () => {
  const made = await create(relay.url, {});
  expect(made.statusCode).toBe(201);
  expect(await tested(made.json().data.id, {})).toMatchObject({ ok: true, stage: 'ready' });
});

test('a client reaches the private hosts that the operator names', async () => {
  const open = await anApi({ ALLOWED_PRIVATE_HOSTS: '127.0.0.1' });
  const { key } = await aClient(open, 'Bakery');
  const made = await open.call('POST /api/v1/transports', { key, payload: { name: 'Relay', url: relay.url } });
  const { id } = made.json().data;
  const answer = await open.call(`POST /api/v1/transports/${id}/test`, { key });
  expect(answer.json().data).toMatchObject({ ok: true, stage: 'ready' });
  await open.close();
});
