import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import { smtpTransport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

test.each([
  ['smtps', true],
  ['smtp', false],
])('%s: destroy() drops what was written and not sent, and the connection is gone', async (protocol, secure) => {
  let begun = (_: Readable) => {};
  const body = new Promise<Readable>((resolve) => {
    begun = resolve;
  });
  let closed = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  let isWhole = false;
  const server = new SMTPServer({
    secure,
    authOptional: true,
    // The body is not read on before the client is gone.
    onData: (stream) => {
      stream.once('end', () => {
        isWhole = true;
      });
      stream.once('readable', () => begun(stream));
    },
    onClose: () => closed(),
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const times = { smtpCommand: 20_000, smtpDot: 20_000 };
  const sender = smtpTransport({ url: `${protocol}://127.0.0.1:${port}?tls=insecure`, connections: 1, times });
  open.push({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  const order = { mayBegin: () => true, signal: new AbortController().signal };
  const mail = { ...aMail(), chunks: [Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(400_000))] };
  const delivered = sender.deliver(mail, order);
  const behind = sender.deliver(aMail({ id: 43 }), order);
  const stream = await body;
  sender.destroy();
  expect(await delivered).toMatchObject({ kind: 'uncertain', why: { stage: 'body' } });
  expect(await behind).toMatchObject({ kind: 'not_handed_over' });
  await sender.close();
  stream.resume();
  await gone;
  expect(isWhole).toBe(false);
});
