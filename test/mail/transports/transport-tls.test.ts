import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, test } from 'vitest';
import type { Dial } from '../../../mail/smtp/settings.js';
import { smtpTransport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { smtpServer } from '../../support/scripted/smtp-server.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A server with a self-signed certificate; resolves with its port and whether its last mail came over TLS. */
async function tlsServer(secure: boolean): Promise<{ port: number; secured: () => boolean | undefined }> {
  let secured: boolean | undefined;
  const server = new SMTPServer({
    secure,
    authOptional: true,
    onData(stream, session, callback) {
      secured = session.secure;
      stream.resume().once('end', () => callback());
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  open.push({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  return { port: (server.server.address() as AddressInfo).port, secured: () => secured };
}

async function deliverTo(url: string, dial?: Dial) {
  const sender = smtpTransport({ url, connections: 1, times: { smtpCommand: 5_000, smtpDot: 5_000 }, dial });
  const outcome = await sender.deliver(aMail(), { mayBegin: () => true, signal: new AbortController().signal });
  await sender.close();
  return outcome;
}

describe('TLS', () => {
  test.each([
    ['smtps', true],
    ['smtp', false],
  ])('%s: the mail is sent encrypted', async (protocol, secure) => {
    const server = await tlsServer(secure);
    expect(await deliverTo(`${protocol}://127.0.0.1:${server.port}?tls=insecure`)).toMatchObject({ kind: 'accepted' });
    expect(server.secured()).toBe(true);
  });

  test.each([
    ['smtps', true],
    ['smtp', false],
  ])('%s over a dialled connection: the same', async (protocol, secure) => {
    const server = await tlsServer(secure);
    const url = `${protocol}://localhost:${server.port}`;
    const dial: Dial = ({ port }) => connect(port, '127.0.0.1');
    expect(await deliverTo(`${url}?tls=insecure`, dial)).toMatchObject({ kind: 'accepted' });
    expect(server.secured()).toBe(true);
    expect(await deliverTo(url, dial)).toMatchObject({
      kind: 'not_handed_over',
      why: { what: expect.stringMatching(/self.signed|certificate/i) },
    });
  });

  test.each([
    ['smtps', true],
    ['smtp', false],
  ])('%s: an untrusted certificate is refused', async (protocol, secure) => {
    const server = await tlsServer(secure);
    expect(await deliverTo(`${protocol}://127.0.0.1:${server.port}`)).toMatchObject({
      kind: 'not_handed_over',
      why: { stage: 'connect', what: expect.stringMatching(/self.signed|certificate/i) },
    });
  });

  test('tls=off never uses TLS', async () => {
    const server = await tlsServer(false);
    expect(await deliverTo(`smtp://127.0.0.1:${server.port}?tls=off`)).toMatchObject({ kind: 'accepted' });
    expect(server.secured()).toBe(false);
  });

  test('tls=require: no mail without TLS', async () => {
    const server = await smtpServer();
    open.push(server);
    expect(await deliverTo(`${server.url}?tls=require`)).toMatchObject({ kind: 'not_handed_over' });
    expect(server.steps.mail).toBe(0);
  });
});
