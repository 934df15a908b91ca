import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { smtpTransport } from '../../../mail/transports/transport.js';
import { aMail } from '../../support/mail/letters.js';
import { faultySmtpServer } from '../../support/scripted/faulty-smtp-server.js';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** A socket whose kernel takes no more bytes from the first write that matches. */
function stalling(socket: Socket, isMeant: (chunk: Buffer) => boolean, stalled: () => void): Socket {
  const write = socket._write.bind(socket);
  socket._write = (chunk: Buffer, encoding, written) => {
    if (isMeant(Buffer.from(chunk))) stalled();
    else write(chunk, encoding, written);
  };
  return socket;
}

async function started(isMeant: (chunk: Buffer) => boolean, times: { smtpCommand: number; smtpDot: number }) {
  const server = await faultySmtpServer();
  let isStalled = false;
  let dialled = 0;
  const sender = smtpTransport({
    url: server.url,
    connections: 1,
    times,
    dial: ({ host, port }) => {
      dialled += 1;
      const socket = connect({ host, port });
      return dialled > 1 ? socket : stalling(socket, isMeant, () => (isStalled = true));
    },
  });
  open.push(server, { close: () => sender.destroy() });
  return { server, sender, isStalled: () => isStalled };
}

const signal = new AbortController().signal;

test('a dot that the socket has not taken is stopped when trust in the claim ends', async () => {
  const times = { smtpCommand: 20_000, smtpDot: 20_000 };
  const { server, sender, isStalled } = await started((chunk) => chunk.includes('\r\n.\r\n'), times);
  const order = { mayBegin: () => !isStalled(), signal };
  expect(await sender.deliver(aMail(), order)).toMatchObject({
    kind: 'uncertain',
    why: { stage: 'dot', what: 'no longer allowed' },
  });
  await server.untilQuiet();
  expect(server.taken()).toHaveLength(0);
  expect(await sender.deliver(aMail(), { mayBegin: () => true, signal })).toMatchObject({ kind: 'accepted' });
});

test('all of a long body has as long as the reply to its dot', async () => {
  const { sender } = await started((chunk) => chunk.length > 10_000, { smtpCommand: 20_000, smtpDot: 100 });
  const mail = { ...aMail(), chunks: [Buffer.from('x\r\n'.repeat(50_000))] };
  expect(await sender.deliver(mail, { mayBegin: () => true, signal })).toMatchObject({
    kind: 'uncertain',
    why: { stage: 'body' },
  });
});
