import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { UNREACHED } from '../../mail/smtp/handshake.js';
import { accounts } from '../../store/accounts/accounts.js';
import { clients } from '../../store/accounts/clients.js';
import { openStore, type Store } from '../../store/mongo/connect.js';
import { transportHealth } from '../../store/transports/health.js';
import { buckets } from '../../store/transports/token-buckets.js';
import { transports } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { transportReports } from '../../workers/transports/transport-reports.js';
import { accountTransports, type Transports } from '../../workers/transports/transports.js';
import { aMail } from '../support/mail/letters.js';
import { type SmtpServer, smtpServer } from '../support/scripted/smtp-server.js';
import { quietPort } from '../support/servers/quiet-port.js';
import { type TestDatabase, testDatabase } from '../support/servers/test-servers.js';
import { until } from '../support/until.js';

let database: TestDatabase;
let store: Store;
let relay: SmtpServer;
const open: Transports[] = [];

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
  relay = await smtpServer();
});
afterEach(() => {
  for (const ways of open.splice(0)) ways.destroy();
});
afterAll(async () => {
  await relay?.close();
  await store?.close();
  await database?.drop();
});

const order = () => ({ mayBegin: () => true, signal: new AbortController().signal });
const rows = () => transports(store, 'a secret');

function aProcess(exceptions: readonly string[]): Transports {
  const ways = accountTransports({
    transports: rows(),
    accounts: accounts(store),
    tokenBuckets: buckets(store),
    smtpUrl: relay.url,
    smtpConnections: 1,
    sendsAll: true,
    reports: transportReports({ transportHealth: transportHealth(store, 60_000), process: 'one', every: 60_000 }),
    times: PROTOCOL_TIMES,
    dial: guardedDial(addressGuard(exceptions)),
    log: { warn: () => undefined },
  });
  open.push(ways);
  return ways;
}

async function aClient(...urls: readonly string[]): Promise<number> {
  const { _id } = await clients(store).create(1, { name: 'Bakery', mail_from: null, plan: null });
  const settings = { name: 'Relay', rate_per_second: null, connections: 1, enabled: true, purpose: 'all' } as const;
  for (const [priority, url] of urls.entries()) await rows().create(_id, { ...settings, priority, url });
  return _id;
}

test.each(['127.0.0.1', 'localhost'])(
  'a client’s mail is not handed over to %s, and the error does not reveal its port',
  async (host) => {
    const ways = aProcess([]);
    for (const port of [relay.port, await quietPort()]) {
      const client = await aClient(`smtp://${host}:${port}`);
      const routes = ways.of(client, 'bulk');
      expect(await routes.ready()).toEqual(UNREACHED);
      expect((await routes.deliver(aMail(), order())).kind).toBe('not_handed_over');
      const [row] = await rows().ofAccount(client);
      const shown = async () => (await transportHealth(store, 60_000).of([`${row?._id}`])).get(`${row?._id}`)?.error;
      await until(async () => (await shown())?.reply === UNREACHED.what);
    }
    expect(relay.steps.connect).toBe(0);
  },
);

test('a client’s mail leaves by the next transport, by a private host the operator allows, or by SMTP_URL', async () => {
  const ways = aProcess(['127.0.0.1']);
  for (const urls of [[`smtp://10.255.255.1`, relay.url], [relay.url], []]) {
    const before = relay.accepted.length;
    const routes = ways.of(await aClient(...urls), 'transactional');
    expect(await routes.ready()).toBeUndefined();
    expect((await routes.deliver(aMail(), order())).kind).toBe('accepted');
    expect(relay.accepted.length).toBe(before + 1);
  }
});
