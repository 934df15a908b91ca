import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransportHealth } from '../../../../domain/delivery/transport-health.js';
import { DEFAULT_TRANSPORT } from '../../../../store/transports/health.js';
import { aClient, anApi, type TestApi } from '../../../support/api/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api?.close());

const at = (second: number) => new Date(Date.UTC(2026, 4, 15, 9, 0, second));
const shown = (second: number) => `2026-05-15T09:00:${String(second).padStart(2, '0')}+00:00`;
const REFUSED = 'connect ECONNREFUSED 192.0.2.1:25';
const DOWN: TransportHealth = {
  state: 'down',
  since: at(2),
  error: { at: at(9), reply: REFUSED, phase: 'connect' },
  accepted_at: at(1),
  next_try: new Date('2096-05-15T09:00:17Z'),
  in_flight: 0,
};
const report = (id: string, health: TransportHealth, process = 'one', version = 1) =>
  api.deps.transportHealth.report(id, { process, use: 'bulk', version }, health);

async function aTransport(): Promise<number> {
  const payload = { name: 'Relay', url: 'smtp://relay.example.org' };
  return (await api.call('POST /api/v1/transports', { payload })).json().data.id;
}
const retrieved = async (id: number) => (await api.call(`GET /api/v1/transports/${id}`)).json().data;

test('a transport that no worker has used is unknown', async () => {
  const fresh = {
    state: 'unknown',
    since: null,
    last_error: null,
    last_accepted_at: null,
    in_flight: 0,
    processes: [],
  };
  expect(await retrieved(await aTransport())).toMatchObject(fresh);
});

test('a transport shows its state, its last error and its last accepted mail, alone and in the list', async () => {
  const id = await aTransport();
  await report(`${id}`, DOWN);
  const view = {
    state: 'down',
    since: shown(2),
    last_error: { at: shown(9), reply: REFUSED, phase: 'connect' },
    last_accepted_at: shown(1),
    next_try_at: '2096-05-15T09:00:17+00:00',
    in_flight: 0,
    processes: [{ use: 'bulk', state: 'down', since: shown(2) }],
  };
  expect(await retrieved(id)).toMatchObject(view);
  const { data } = (await api.call('GET /api/v1/transports')).json();
  expect(data.find((row: { id: number }) => row.id === id)).toMatchObject(view);
});

test('a try of the past, for which nothing waits any more, is not shown as the next one', async () => {
  const id = await aTransport();
  await report(`${id}`, { ...DOWN, next_try: at(17) });
  expect(await retrieved(id)).toMatchObject({ state: 'down', next_try_at: null });
});

test('a change of the URL makes the state unknown until a worker has connected to it', async () => {
  const id = await aTransport();
  await report(`${id}`, DOWN);
  await api.call(`PATCH /api/v1/transports/${id}`, { payload: { url: 'smtp://other.example.org' } });
  expect(await retrieved(id)).toMatchObject({ state: 'unknown', processes: [] });
});

test('the health of a removed transport is removed with it', async () => {
  const id = await aTransport();
  await report(`${id}`, DOWN);
  await api.call(`DELETE /api/v1/transports/${id}`);
  expect((await api.deps.transportHealth.of([`${id}`])).size).toBe(0);
});

test('the list shows the installation’s transport; how it connects is not shown to clients', async () => {
  await report(DEFAULT_TRANSPORT, DOWN, 'one', 0);
  const { meta } = (await api.call('GET /api/v1/transports')).json();
  expect(meta.default).toMatchObject({ state: 'down', since: shown(2), last_error: { reply: REFUSED } });
  const { key } = await aClient(api, 'Bakery');
  const ofClient = (await api.call('GET /api/v1/transports', { key })).json();
  expect(ofClient.meta.default.last_error).toMatchObject({ reply: 'no connection to the server', phase: 'connect' });
  expect(JSON.stringify(ofClient)).not.toContain('192.0.2.1');
});
