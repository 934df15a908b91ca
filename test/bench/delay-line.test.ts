import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { delayLine } from '../../bench/receiver/line.js';
import { monotonic } from '../../clock.js';

const EACH_WAY = 40;

async function echoServer(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server;
}

async function echoThroughLine() {
  const { port } = (await echoServer()).address() as AddressInfo;
  const line = await delayLine(`smtp://127.0.0.1:${port}`, EACH_WAY);
  onTestFinished(line.stop);
  const socket = connect(Number(new URL(line.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('an answer over the line takes the delay of both directions', async () => {
  const socket = await echoThroughLine();
  for (const word of ['EHLO', 'MAIL', 'QUIT']) {
    const begun = monotonic();
    socket.write(word);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe(word);
    expect(monotonic() - begun).toBeGreaterThanOrEqual(2 * EACH_WAY - 1);
  }
});

test('the line keeps every byte in order, up to the end of the stream', async () => {
  const socket = await echoThroughLine();
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, n) => `${n}\n`).join(''));
  for (let at = 0; at < sent.length; at += 10_000) socket.write(sent.subarray(at, at + 10_000));
  socket.end();
  const received: Buffer[] = [];
  for await (const chunk of socket) received.push(chunk as Buffer);
  expect(Buffer.concat(received).equals(sent)).toBe(true);
});
