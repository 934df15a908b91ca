import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Arrival, SinkRequest, SinkResponse } from './machine-time.js';

export interface Sink {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** A receiving program that is faster than any sender here: Postfix's smtp-sink where there is one, else our own. */
export async function startSink(path: string): Promise<Sink> {
  const program = path
    .split(delimiter)
    .map((folder) => join(folder, 'smtp-sink'))
    .find((file) => existsSync(file));
  return program === undefined ? ownSink() : postfixSink(program);
}

async function postfixSink(program: string): Promise<Sink> {
  const port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program, [...asRoot, `127.0.0.1:${port}`, '1000'], { stdio: 'ignore' });
  const sink = { name: 'smtp-sink', url: `smtp://127.0.0.1:${port}`, stop: () => stopped(child) };
  for (let tries = 0; tries < 50 && child.exitCode === null; tries += 1) {
    if (await listens(port)) return sink;
    await pause(100);
  }
  await sink.stop();
  return ownSink();
}

/** Our own sink also reports when it accepted each mail, in order, by the machine's monotonic clock. */
export interface ClockedSink extends Sink {
  accepted(): Promise<readonly Arrival[]>;
  /** Resolves with the mail to this address; call it once for each address. */
  taken(to: string): Promise<Arrival>;
}

export async function ownSink(): Promise<ClockedSink> {
  const self = fileURLToPath(import.meta.url);
  const child = fork(fileURLToPath(new URL(`./fast-sink${extname(self)}`, import.meta.url)));
  const [port] = (await once(child, 'message')) as [number];
  const request = <A>(question: SinkRequest, read: (request: SinkResponse) => A | undefined): Promise<A> =>
    new Promise((resolve) => {
      const onMessage = (response: SinkResponse) => {
        const found = read(response);
        if (found === undefined) return;
        child.off('message', onMessage);
        resolve(found);
      };
      child.setMaxListeners(0).on('message', onMessage);
      child.send(question);
    });
  return {
    name: 'our own sink',
    url: `smtp://127.0.0.1:${port}`,
    stop: () => stopped(child),
    accepted: () => request('accepted', (response) => ('accepted' in response ? response.accepted : undefined)),
    taken: (taken) =>
      request({ taken }, (response) =>
        'taken' in response && response.taken.to === taken ? response.taken : undefined,
      ),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
