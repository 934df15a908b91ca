import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { forkBeside, stopped } from '../harness/child.js';
import type { Arrival, SinkRequest, SinkResponse } from '../harness/machine-time.js';
import { cpuOf } from '../harness/processes.js';

export interface Sink {
  readonly name: string;
  readonly url: string;
  /** Mails accepted so far. */
  count(): Promise<number>;
  stop(): Promise<void>;
}

/** A receiving program that is faster than any sender here: Postfix's smtp-sink where there is one, else our own. */
export async function startSink(path: string): Promise<Sink> {
  const program = findProgram('smtp-sink', path);
  return program === undefined ? ownSink() : postfixSink(program);
}

/** The file of a program in PATH, or in /usr/sbin, where Debian has the programs of Postfix. */
export function findProgram(name: string, path: string): string | undefined {
  return [...path.split(delimiter), '/usr/sbin'].map((folder) => join(folder, name)).find((file) => existsSync(file));
}

async function postfixSink(program: string): Promise<Sink> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'everpost-sink-'));
  const counts = await open(join(folder, 'counts'), 'w+');
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  // With -c it writes its counters after each mail; a file, unlike a pipe, wakes no reader.
  const child = spawn(program, ['-c', ...asRoot, `127.0.0.1:${port}`, '1000'], {
    stdio: ['ignore', counts.fd, 'ignore'],
  });
  const stop = async () => {
    await stopped(child);
    await counts.close();
    await rm(folder, { recursive: true, force: true });
  };
  const sink = { name: 'smtp-sink', url: `smtp://127.0.0.1:${port}`, count: () => lastCount(counts), stop };
  for (let tries = 0; tries < 50 && child.exitCode === null; tries += 1) {
    if (await listens(port)) return sink;
    await pause(100);
  }
  await sink.stop();
  return ownSink();
}

const TAIL = 128;

/** The last complete `sess=1 quit=0 mesg=4000\r` of the file. */
async function lastCount(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL), 0, TAIL, Math.max(0, size - TAIL));
  const counts = [...buffer.toString('latin1', 0, bytesRead).matchAll(/mesg=(\d+)\r/g)];
  return Number(counts.at(-1)?.[1] ?? 0);
}

/** Our own sink also reports when it accepted each mail, in order, by the machine's monotonic clock. */
export interface ClockedSink extends Sink {
  /** All mails, or those from this number on. */
  accepted(from?: number): Promise<readonly Arrival[]>;
  /** CPU milliseconds of its process so far. */
  cpu(): number;
}

export async function ownSink(): Promise<ClockedSink> {
  const child = forkBeside(import.meta.url, 'fast-sink');
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
    count: () => request('count', (response) => ('count' in response ? response.count : undefined)),
    cpu: () => cpuOf(child.pid ?? 0),
    accepted: (from = 0) =>
      request({ accepted: from }, (response) => ('accepted' in response ? response.accepted : undefined)),
  };
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
