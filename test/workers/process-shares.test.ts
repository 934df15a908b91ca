import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { accounts } from '../../store/accounts/accounts.js';
import { buckets } from '../../store/transports/token-buckets.js';
import { transports } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { accountTransports, type Transports } from '../../workers/transports/transports.js';
import { type SmtpServer, smtpServer } from '../support/scripted/smtp-server.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const shares = [0, 1, 2].map((index) => ({ index, of: 3 }));
let server: SmtpServer;
let processes: Transports[] = [];
beforeAll(async () => {
  server = await smtpServer();
  const common = { transports: transports(store, 'secret'), accounts: accounts(store), tokenBuckets: buckets(store) };
  const options = { ...common, smtpUrl: server.url, smtpConnections: 4, sendsAll: false, times: PROTOCOL_TIMES };
  const dial = guardedDial(addressGuard([]));
  const log = { warn: () => undefined };
  processes = shares.map((share) => accountTransports({ ...options, dial, log, share }));
});
afterAll(async () => {
  for (const one of processes) one.destroy();
  await server?.close();
});

const aTransport = (account: number, connections: number, priority: number) =>
  transports(store, 'secret').create(account, {
    name: 'Relay',
    url: server.url,
    rate_per_second: null,
    connections,
    priority,
    enabled: true,
    purpose: 'bulk',
  });

async function connectionsOf(account: number): Promise<number[]> {
  return Promise.all(
    processes.map(async (one) => {
      const routes = one.of(account, 'bulk');
      await routes.ready();
      return routes.connections;
    }),
  );
}

const sendHere = (account: number) => Promise.all(processes.map((one) => one.sendsHere(account)));

test('the processes divide the installation’s connections for campaigns, and not those for messages', async () => {
  expect([await connectionsOf(1), await sendHere(1)]).toEqual([
    [1, 1, 1],
    [true, true, true],
  ]);
  const messages = processes.map((one) => one.of(1, 'transactional'));
  for (const routes of messages) await routes.ready();
  expect(messages.map(({ connections }) => connections)).toEqual([1, 1, 1]);
});

test('they divide the connections of an account’s own transport', async () => {
  await aTransport(2, 8, 10);
  expect([await connectionsOf(2), await sendHere(2)]).toEqual([
    [3, 3, 2],
    [true, true, true],
  ]);
});

test.each([4, 5, 6])(
  'account %i with a transport that has fewer connections is sent by one process',
  async (account) => {
    await aTransport(account, 8, 10);
    await aTransport(account, 2, 20);
    expect(await sendHere(account)).toEqual(shares.map(({ index }) => account % 3 === index));
  },
);
