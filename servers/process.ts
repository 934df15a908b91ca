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
  /** Resolves with the same once it has ended. */
  readonly gone: Promise<string>;
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
  const gone = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      parentPipe.end('goodbye\n');
      resolve(signal ?? `code ${code}`);
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
  return { pid: child.pid ?? 0, log, ended, gone, stop };
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

/** The last `bytes` bytes of a log. */
export async function endOfLog(log: string, bytes: number): Promise<string> {
  const file = await open(log, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(bytes, size);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

interface RunResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, killed at the limit; its output (both streams, the last 20,000 characters) is returned. */
export function run(command: string, args: readonly string[], limitMs: number): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** A process id may be reused; with its start time it identifies one process. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Whether this process still runs. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: (await startTimeOf(pid)) ?? 'unknown' };
}

/** Start time of a process as the system reports it; undefined if there is none, or only a zombie. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { code, output } = await run('ps', ['-o', 'lstart=', '-p', `${pid}`], 5000);
    return code === 0 ? output.trim() : undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The fields after the name in brackets: the first is the state, the twentieth the start in ticks since boot (proc(5)).
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}
