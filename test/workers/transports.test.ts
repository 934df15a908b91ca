import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { accounts } from '../../store/accounts/accounts.js';
import { openStore, type Store } from '../../store/mongo/connect.js';
import { buckets } from '../../store/transports/token-buckets.js';
import { type NewTransport, transports } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { accountTransports, type Transports } from '../../workers/transports/transports.js';
import { always } from '../support/mail/failover.js';
import { aMail } from '../support/mail/letters.js';
import type { SmtpScript } from '../support/scripted/smtp-script.js';
import { type SmtpServer, smtpServer } from '../support/scripted/smtp-server.js';
import { type TestDatabase, testDatabase } from '../support/servers/test-servers.js';
import { until } from '../support/until.js';

let database: TestDatabase;
let store: Store;
let house: SmtpServer;
let account = 100;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ url: database.url, database: database.name });
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  account += 1;
});
afterAll(async () => {
  await store?.close();
  await database?.drop();
});

const rows = () => transports(store, 'house secret');

async function server(script: SmtpScript = {}): Promise<SmtpServer> {
  const started = await smtpServer(script);
  open.push(started);
  return started;
}

async function aProcess(over: { secret?: string; warnings?: string[] } = {}): Promise<Transports> {
  house = await server();
  const ways = accountTransports({
    transports: transports(store, over.secret ?? 'house secret'),
    accounts: accounts(store),
    tokenBuckets: buckets(store),
    smtpUrl: house.url,
    smtpConnections: 4,
    sendsAll: true,
    times: PROTOCOL_TIMES,
    dial: guardedDial(addressGuard([])),
    log: { warn: (_, message) => over.warnings?.push(message) },
  });
  open.push({ close: () => ways.destroy() });
  return ways;
}

const settings: Omit<NewTransport, 'url'> = {
  name: 'Relay',
  rate_per_second: null,
  connections: 8,
  priority: 10,
  enabled: true,
  purpose: 'all',
};
const aTransport = (url: string, over: Partial<NewTransport> = {}) =>
  rows().create(account, { ...settings, url, ...over });

test('an account without transports uses the installation’s, with separate connections for messages', async () => {
  const ways = await aProcess();
  const [bulk, transactional] = [ways.of(account, 'bulk'), ways.of(account, 'transactional')];
  for (const routes of [bulk, transactional]) {
    expect(await routes.ready()).toBeUndefined();
    expect((await routes.deliver(aMail(), always)).kind).toBe('accepted');
  }
  expect([bulk.route(), transactional.route()]).toEqual([
    { id: 'default', rates: [], connections: 3 },
    { id: 'default', rates: [], connections: 1 },
  ]);
  expect(ways.of(account, 'bulk')).toBe(bulk);
  expect(house.accepted).toHaveLength(2);
});

test('an account’s own transports carry its mail only', async () => {
  const ways = await aProcess();
  const relay = await server();
  await aTransport(relay.url);
  await ways.of(account, 'bulk').deliver(aMail(), always);
  await ways.of(account + 50, 'bulk').deliver(aMail(), always);
  expect([relay.accepted.length, house.accepted.length]).toEqual([1, 1]);
});

test('a transport for campaigns only leaves messages to the installation', async () => {
  const ways = await aProcess();
  const relay = await server();
  const { _id } = await aTransport(relay.url, { purpose: 'bulk', rate_per_second: 50 });
  await ways.of(account, 'bulk').ready();
  expect(ways.of(account, 'bulk').route()).toEqual({
    id: `${_id}`,
    rates: [{ key: `transport:${_id}`, perSecond: 50 }],
    connections: 8,
  });
  await ways.of(account, 'transactional').deliver(aMail(), always);
  expect([relay.accepted.length, house.accepted.length]).toEqual([0, 1]);
});

test('an account with all transports disabled sends nothing, not even through the installation’s', async () => {
  const ways = await aProcess();
  await aTransport(house.url, { enabled: false });
  const routes = ways.of(account, 'bulk');
  expect(await routes.ready()).toMatchObject({ what: 'no transport is enabled' });
  expect((await routes.deliver(aMail(), always)).kind).toBe('not_handed_over');
});

describe('a change is seen within seconds', () => {
  test('of the order and the rate', async () => {
    const ways = await aProcess();
    const [one, other] = [await server(), await server()];
    const first = await aTransport(one.url);
    const second = await aTransport(other.url, { priority: 20 });
    const routes = ways.of(account, 'bulk');
    await routes.ready();
    expect(routes.route()?.id).toBe(`${first._id}`);
    await rows().change(account, second._id, { priority: 5, rate_per_second: 7 });
    await until(async () => {
      await routes.ready();
      return routes.route()?.id === `${second._id}`;
    });
    expect(routes.route()?.rates).toMatchObject([{ perSecond: 7 }]);
    await rows().change(account, second._id, { rate_per_second: 9 });
    await until(async () => {
      await routes.ready();
      return routes.route()?.rates[0]?.perSecond === 9;
    });
    // only another URL or number of connections costs a connection
    expect(other.steps.connect).toBe(1);
  });

  test('of the URL: open mail finishes on the old transport, later mail uses the new one', async () => {
    const ways = await aProcess();
    const [before, after] = [await server(), await server()];
    const { _id } = await aTransport(before.url, { connections: 1, purpose: 'bulk' });
    const routes = ways.of(account, 'bulk');
    const letGo = before.hold();
    const begun = routes.deliver(aMail(), always);
    await before.untilStep('dot', 1);
    await rows().change(account, _id, { url: after.url });
    await until(async () => {
      await routes.ready();
      return after.steps.connect > 0;
    });
    expect((await routes.deliver(aMail({ id: 43 }), always)).kind).toBe('accepted');
    letGo();
    expect((await begun).kind).toBe('accepted');
    await before.untilStep('quit', 1);
    expect([before.accepted.length, after.accepted.length]).toEqual([1, 1]);
  });
});

test('destroy reaches all sockets, also those of a transport that is being drained', async () => {
  const ways = await aProcess();
  const [relay, next] = [await server(), await server()];
  const { _id } = await aTransport(relay.url);
  const routes = ways.of(account, 'bulk');
  relay.hold();
  const begun = routes.deliver(aMail(), always);
  await relay.untilStep('dot', 1);
  await rows().change(account, _id, { url: next.url });
  await until(async () => {
    await routes.ready();
    return next.open() > 0;
  });
  ways.destroy();
  expect((await begun).kind).toBe('uncertain');
  expect((await routes.deliver(aMail(), always)).kind).toBe('not_handed_over');
  await until(() => relay.open() + next.open() === 0);
});

test('a transport sealed with another secret is skipped with a warning, the others carry the mail', async () => {
  const warnings: string[] = [];
  const ways = await aProcess({ secret: 'another secret', warnings });
  const relay = await server();
  await aTransport(house.url, { priority: 1 });
  await transports(store, 'another secret').create(account, { ...settings, url: relay.url });
  expect((await ways.of(account, 'bulk').deliver(aMail(), always)).kind).toBe('accepted');
  expect(relay.accepted).toHaveLength(1);
  expect(warnings).toEqual([expect.stringMatching(/^a transport was sealed with another EVERPOST_SECRET; mail takes/)]);
});

test('the rate limit of an account applies to all its transports, in addition to their own', async () => {
  const ways = await aProcess();
  const { _id: limited } = await accounts(store).open('Limited');
  await accounts(store).change(limited, { rate_per_second: 30 });
  const [bulk, transactional] = [ways.of(limited, 'bulk'), ways.of(limited, 'transactional')];
  await Promise.all([bulk.ready(), transactional.ready()]);
  const ofAccount = { key: `account:${limited}`, perSecond: 30 };
  expect([bulk.route()?.rates, transactional.route()?.rates]).toEqual([[ofAccount], [ofAccount]]);
  expect((await transactional.deliver(aMail(), always)).kind).toBe('accepted');
  const bucket = await store.db.collection<{ _id: string; granted: number }>('buckets').findOne({ _id: ofAccount.key });
  expect(bucket?.granted).toBe(1);
  await accounts(store).change(limited, { rate_per_second: null });
  await until(async () => {
    await bulk.ready();
    return bulk.route()?.rates.length === 0;
  });
});
