import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { UNREACHED } from '../../../mail/smtp/handshake.js';
import { probe } from '../../../mail/smtp/probe.js';
import type { Dial } from '../../../mail/smtp/settings.js';
import { smtpTransport } from '../../../mail/transports/transport.js';
import { addressGuard } from '../../../web/address-guard.js';
import { guardedDial, type Resolve } from '../../../web/connector.js';
import { aMail } from '../../support/mail/letters.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';
import { quietPort } from '../../support/servers/quiet-port.js';

const open: SmtpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const server = async (...given: Parameters<typeof smtpServer>) => {
  const started = await smtpServer(...given);
  open.push(started);
  return started;
};

const TIMEOUT = 5_000;
const standsFor =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const unreached = { ok: false, stage: 'connect', tls: null, authenticated: false, says: UNREACHED.what };

test('a name of a private address is not connected to, even if it had a public one before', async () => {
  const relay = await server();
  const url = `smtp://relay.example.org:${relay.port}`;
  for (const addresses of [['127.0.0.1'], ['::ffff:127.0.0.1'], ['10.0.0.1', '127.0.0.1'], []]) {
    const dial = guardedDial(addressGuard([]), standsFor(...addresses));
    expect(await probe(url, TIMEOUT, dial)).toMatchObject(unreached);
  }
  expect(await probe(relay.url, TIMEOUT, guardedDial(addressGuard([])))).toMatchObject(unreached);
  expect(relay.steps.connect).toBe(0);
});

test('a closed port, a silent port and an unknown name give the same error', async () => {
  const dial = guardedDial(addressGuard(['127.0.0.1']), standsFor('127.0.0.1'));
  const refusing = `smtp://relay.example.org:${await quietPort()}`;
  const filtered: Dial = () => new Socket();
  const nameless = guardedDial(addressGuard([]), async () => {
    throw new Error('ENOTFOUND');
  });
  for (const [timeout, each] of [
    [TIMEOUT, dial],
    [50, filtered],
    [TIMEOUT, nameless],
  ] as const) {
    expect(await probe(refusing, timeout, each)).toMatchObject(unreached);
  }
});

test('an allowed host is logged in to and receives mail', async () => {
  const relay = await server({ extensions: ['AUTH PLAIN'] });
  const dial = guardedDial(addressGuard(['127.0.0.1']), standsFor('127.0.0.1'));
  const url = `smtp://user:password@relay.example.org:${relay.port}`;
  expect(await probe(url, TIMEOUT, dial)).toMatchObject({ ok: true, stage: 'ready', authenticated: true });
  const times = { smtpCommand: TIMEOUT, smtpDot: TIMEOUT };
  const transport = smtpTransport({ url, connections: 1, times, dial });
  const order = { mayBegin: () => true, signal: new AbortController().signal };
  expect((await transport.deliver(aMail(), order)).kind).toBe('accepted');
  await transport.close();
});

test('destroy ends an attempt that still dials', async () => {
  const sockets: Socket[] = [];
  const dial: Dial = () => {
    const socket = new Socket();
    sockets.push(socket);
    return socket;
  };
  const times = { smtpCommand: 60_000, smtpDot: 60_000 };
  const transport = smtpTransport({ url: 'smtp://relay.example.org', connections: 1, times, dial });
  const ready = transport.ready();
  transport.destroy();
  expect(await ready).toMatchObject({ stage: 'connect' });
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
});

test('bytes that the server sends before a listener exists are not lost', async () => {
  const relay = await server();
  const socket = connect(relay.port, '127.0.0.1');
  const early = once(socket, 'connect');
  expect(await probe(relay.url, TIMEOUT, () => socket)).toMatchObject({ ok: true });
  await early;
});
