import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkTransports } from '../../../cli/doctor/mail.js';
import { openStore, type Store } from '../../../store/mongo/connect.js';
import { type NewTransport, transports } from '../../../store/transports/transports.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';
import { type TestDatabase, testDatabase } from '../../support/servers/test-servers.js';

const SECRET = 'a secret of some length';
let database: TestDatabase;
let store: Store;
let relay: SmtpServer;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  relay = await smtpServer({ extensions: ['AUTH PLAIN'] });
});
afterAll(async () => {
  await relay?.close();
  await store?.close();
  await database?.drop();
});

const settings: Omit<NewTransport, 'name' | 'url'> = {
  rate_per_second: null,
  connections: 1,
  priority: 1,
  enabled: true,
  purpose: 'all',
};

test('each enabled transport of the installation is connected to; none is in the way of a start', async () => {
  const known = { mongodbUrl: database.url, mongodbDatabase: database.name, secret: SECRET, allowedPrivateHosts: [] };
  expect(await checkTransports(known)).toEqual([]);
  const url = relay.url.replace('://', '://user:password@');
  const { create } = transports(store, SECRET);
  await create(1, { ...settings, name: 'Relay', url });
  await create(2, { ...settings, name: 'Away', url: 'smtp://127.0.0.1:1' });
  await create(2, { ...settings, name: 'Off', url, enabled: false });
  await store.db.collection<{ _id: number; kind: string }>('accounts').insertOne({ _id: 4, kind: 'client' });
  await transports(store, 'another secret').create(3, { ...settings, name: 'Foreign', url });
  await create(4, { ...settings, name: 'Of a client', url });
  const findings = await checkTransports(known);
  expect(findings.map(({ state, subject }) => [state, subject])).toEqual([
    ['ok', 'Transport 1 (Relay)'],
    ['warning', 'Transport 2 (Away)'],
    ['warning', 'Transport 4 (Foreign)'],
    ['warning', 'Transport 5 (Of a client)'],
  ]);
  expect(findings[3]?.says).toContain('no connection to the server');
  expect(findings[0]?.says).toContain('logged in, without TLS');
  expect(JSON.stringify(findings)).not.toContain('password@');
  expect(await checkTransports({ ...known, mongodbUrl: undefined })).toEqual([]);
});
