import { afterEach, expect, test } from 'vitest';
import { PROTOCOL_TIMES } from '../../domain/delivery/protocol.js';
import { combinedHealth, type TransportHealth } from '../../domain/delivery/transport-health.js';
import { accounts } from '../../store/accounts/accounts.js';
import { DEFAULT_TRANSPORT, transportHealth } from '../../store/transports/health.js';
import { buckets } from '../../store/transports/token-buckets.js';
import { transports } from '../../store/transports/transports.js';
import { addressGuard } from '../../web/address-guard.js';
import { guardedDial } from '../../web/connector.js';
import { transportReports } from '../../workers/transports/transport-reports.js';
import { accountTransports } from '../../workers/transports/transports.js';
import { always } from '../support/mail/failover.js';
import { aMail } from '../support/mail/letters.js';
import { smtpServer } from '../support/scripted/smtp-server.js';
import { quietPort } from '../support/servers/quiet-port.js';
import { ownStore } from '../support/store/own-store.js';
import { until } from '../support/until.js';

const ACCOUNT = 7;
const LEASE = 60_000;
const store = ownStore();
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  await store.db.collection('transport_health').deleteMany({});
});

const rows = () => transportHealth(store, LEASE);
const known = async (id: string, lease = LEASE) => (await transportHealth(store, lease).of([id])).get(id);
const health = async (id = DEFAULT_TRANSPORT, lease = LEASE) => combinedHealth(await known(id, lease), 0);

/** A worker process whose installation uses this server. */
function aProcess(name: string, port: number) {
  const reports = transportReports({ transportHealth: rows(), process: name, every: 20 });
  const outgoing = accountTransports({
    transports: transports(store, 'a secret'),
    accounts: accounts(store),
    tokenBuckets: buckets(store),
    reports,
    smtpUrl: `smtp://127.0.0.1:${port}`,
    smtpConnections: 4,
    sendsAll: true,
    times: PROTOCOL_TIMES,
    dial: guardedDial(addressGuard([])),
    log: { warn: () => undefined },
  });
  open.push({ close: () => outgoing.destroy() });
  return outgoing;
}

async function server(port?: number) {
  const started = await smtpServer(port === undefined ? {} : { port });
  open.push(started);
  return started;
}

test('a server goes away and comes back: the row says so, and keeps the error and the last accepted mail', async () => {
  const first = await server(await quietPort());
  const routes = aProcess('one', first.port).of(ACCOUNT, 'bulk');
  expect(await health()).toBeNull();
  await routes.deliver(aMail(), always);
  await until(async () => (await health())?.state === 'up');
  await first.close();
  await until(async () => (await routes.ready()) !== undefined);
  await until(async () => (await health())?.state === 'down');
  const down = await health();
  expect(down).toMatchObject({
    in_flight: 0,
    error: { phase: 'connect', reply: expect.stringContaining('ECONNREFUSED') },
  });
  expect(down?.accepted_at).toBeInstanceOf(Date);
  expect(down?.next_try?.getTime()).toBeGreaterThan(down?.since.getTime() ?? 0);
  await server(first.port);
  expect(await routes.ready()).toBeUndefined();
  await until(async () => (await health())?.state === 'up');
  expect(await health()).toMatchObject({ error: down?.error, accepted_at: down?.accepted_at, next_try: null });
});

test('mail that a server holds is in flight; an accepted one is no write', async () => {
  const relay = await server();
  const routes = aProcess('one', relay.port).of(ACCOUNT, 'transactional');
  const letGo = relay.hold();
  const mails = [1, 2, 3].map((id) => routes.deliver(aMail({ id }), always));
  await until(async () => (await health())?.in_flight === 3);
  letGo();
  await Promise.all(mails);
  await until(async () => (await health())?.in_flight === 0);
});

test('a process that ends in order leaves the state that it found', async () => {
  const relay = await server();
  const outgoing = aProcess('one', relay.port);
  await outgoing.of(ACCOUNT, 'bulk').deliver(aMail(), always);
  await outgoing.close();
  const left = await known(DEFAULT_TRANSPORT);
  expect(left?.reports).toEqual([]);
  expect(combinedHealth(left, 0)).toMatchObject({ state: 'up', in_flight: 0, accepted_at: expect.any(Date) });
});

const at = (second: number) => new Date(Date.UTC(2026, 4, 15, 9, 0, second));
const found = (
  state: TransportHealth['state'],
  second: number,
  over: Partial<TransportHealth> = {},
): TransportHealth => {
  return { state, since: at(second), error: null, accepted_at: null, next_try: null, in_flight: 0, ...over };
};
const report = (process: string, what: TransportHealth, version = 0) =>
  rows().report(DEFAULT_TRANSPORT, { process, use: 'bulk', version }, what);

test('of two workers that disagree, the one that can send decides', async () => {
  await report('cut off', found('down', 5, { error: { at: at(5), reply: 'connect ETIMEDOUT', phase: 'connect' } }));
  await report('fine', found('up', 2, { in_flight: 4, accepted_at: at(8) }));
  expect(await health()).toMatchObject({
    state: 'up',
    since: at(2),
    in_flight: 4,
    error: { reply: 'connect ETIMEDOUT' },
  });
  expect((await known(DEFAULT_TRANSPORT))?.reports.map(({ state }) => state).sort()).toEqual(['down', 'up']);
  await report('fine', found('rate_limited', 9));
  expect(await health()).toMatchObject({ state: 'rate_limited', since: at(9), accepted_at: at(8) });
});

test('a trouble begins with the first process that is in it since the last accepted mail', async () => {
  await report('first', found('down', 28));
  await report('second', found('down', 33));
  expect(await health()).toMatchObject({ state: 'down', since: at(28) });
  await report('second', found('down', 33, { accepted_at: at(30) }));
  expect(await health()).toMatchObject({ state: 'down', since: at(33) });
});

test('an older error or mail does not replace a later one, and text of a server is not read as an expression', async () => {
  const reply = '$state $$NOW';
  await report('one', found('down', 9, { error: { at: at(9), reply, phase: 'mail' }, accepted_at: at(8) }));
  await report('two', found('down', 3, { error: { at: at(3), reply: 'older', phase: 'mail' }, accepted_at: at(2) }));
  expect(await health()).toMatchObject({ error: { at: at(9), reply }, accepted_at: at(8) });
});

test('a trouble of a process that was killed is unknown, and its error stays; a transport that was up counts as up', async () => {
  await report('killed', found('down', 5, { error: { at: at(5), reply: 'gone', phase: 'connect' } }));
  // No report is younger than no time at all.
  expect(await health(DEFAULT_TRANSPORT, 0)).toMatchObject({ state: 'unknown', error: { reply: 'gone' } });
  await report('killed', found('up', 6, { in_flight: 9 }));
  expect(await health(DEFAULT_TRANSPORT, 0)).toMatchObject({ state: 'up', since: at(6), in_flight: 0 });
});

test('a report about former settings of a transport says nothing about the present ones', async () => {
  await report('one', found('down', 5));
  expect(combinedHealth(await known(DEFAULT_TRANSPORT), 1)).toMatchObject({ state: 'unknown' });
});

test('a state that changes with each mail is written once a second', async () => {
  const written: string[] = [];
  let state: TransportHealth['state'] = 'up';
  const counting = { report: async (id: string) => void written.push(id), withdraw: async () => undefined };
  const reports = transportReports({ transportHealth: counting, process: 'one', every: 60_000 });
  const { changed } = reports.add({ id: 'default', use: 'bulk', version: 0 }, () => found(state, 0));
  for (let mail = 0; mail < 1_000; mail += 1) {
    state = mail % 2 === 0 ? 'rate_limited' : 'up';
    changed(true);
  }
  await reports.close();
  // The first change, and the last word of the process.
  expect(written).toHaveLength(2);
});
