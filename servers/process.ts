import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.js';

/**
 * Started by sh, which forks a watcher and then replaces itself with the server, so that the process id is the server's. The
 * watcher reads a pipe that only our process holds: a line means an orderly stop, end of file means that our process died.
 */
const NO_ORPHANS = `
(
  exec >/dev/null 2>&1
  if read -r goodbye <&3; then exit 0; fi
  kill -TERM $$
  n=0
  while [ $n -lt 50 ] && kill -0 $$; do sleep 0.2; n=$((n + 1)); done
  kill -0 $$ && kill -KILL $$
) &
exec 3<&-
exec "$@"
`;

export interface ServerProcess {
  readonly pid: number;
  readonly log: string;
  /** Exit code or signal, once it has ended. */
  ended(): string | undefined;
  /** Sends SIGTERM, then SIGKILL after the limit; returns when the process is gone. */
  stop(limitMs?: number): Promise<void>;
}

export interface ProcessPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** Both output streams; the log of the previous run is kept beside it. */
  readonly log: string;
}

/** Starts a server that cannot outlive this process and does not receive its terminal's signals. */
export async function startProcess({ command, args, log }: ProcessPlan): Promise<ServerProcess> {
  await rename(log, `${log}.previous`).catch(() => {});
  const file = await open(log, 'a', 0o600);
  const child = spawn('sh', ['-c', NO_ORPHANS, 'sh', command, ...args], {
    stdio: ['ignore', file.fd, file.fd, 'pipe'],
    detached: true,
  });
  await once(child, 'spawn').finally(() => file.close());
  return handleOf(child, log);
}

function handleOf(child: ChildProcess, log: string): ServerProcess {
  const parentPipe = child.stdio[3] as Socket;
  parentPipe.on('error', () => {});
  parentPipe.unref();
  child.unref();
  const ended = () => child.signalCode ?? (child.exitCode === null ? undefined : `code ${child.exitCode}`);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      parentPipe.end('goodbye\n');
      resolve();
    });
  });
  const stop = async (limitMs = 15_000) => {
    if (ended() !== undefined) return;
    // Keeps the event loop alive while we wait.
    child.ref();
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    await gone.finally(() => clearTimeout(limit));
  };
  return { pid: child.pid ?? 0, log, ended, stop };
}

/** Waits for a line in the server's own log: another server on the same port could answer a connection. */
export async function untilReady(
  server: ServerProcess,
  readyPattern: RegExp,
  limitMs: number,
): Promise<'up' | 'ended'> {
  const deadline = monotonic() + limitMs;
  while (monotonic() < deadline) {
    if (readyPattern.test(await readFile(server.log, 'utf8'))) return 'up';
    if (server.ended() !== undefined) return 'ended';
    await delay(20);
  }
  await server.stop(1000);
  throw new Error(`the server was not ready within ${limitMs / 1000} s; its log is ${server.log}`);
}

/** The last lines of a server's log, for the message of a failed start. */
export async function logTail(server: ServerProcess): Promise<string> {
  const lines = (await readFile(server.log, 'utf8')).trimEnd().split('\n');
  return `it ended with ${server.ended()}; the end of ${server.log}:\n${lines.slice(-5).join('\n')}`;
}
