import { access, statfs } from 'node:fs/promises';
import type { DownCause } from '../domain/servers/restarts.js';
import { lockFolder } from './folder-lock.js';
import { isFree } from './ports.js';
import { endOfLog, type ProcessPlan, type ServerProcess, startProcess, untilReady } from './process.js';
import { reasonOf, ServerFailure } from './report.js';

export interface ServerStart extends Omit<ProcessPlan, 'log'> {
  /** The line of its log that says that it listens. */
  readonly readyPattern: RegExp;
  readonly limitMs: number;
}

/** Why a server does not run. */
export interface StartFailure {
  readonly cause: DownCause;
  readonly detail: string;
}

/** A server in a data folder that is locked for this process; it may be started again after its end. */
export type LockedServer = Awaited<ReturnType<typeof lockedServer>>;

/** Locks the folder. `log` is the path of the server's log. */
export async function lockedServer(folder: string, log: string) {
  const lock = await lockFolder(folder);
  let server: ServerProcess | undefined;
  let stopped = false;

  const endOf = async () => `it ended with ${server?.ended()}; the end of ${log}:\n${await lastLines(log)}`;
  /** Starts the process; it is stopped if `settled` fails. */
  const start = async (plan: ServerStart, settled: (pid: number) => Promise<void>): Promise<'up' | 'ended'> => {
    const started = await startProcess({ ...plan, log });
    server = started;
    try {
      if (stopped) throw new ServerFailure('it is being stopped');
      await lock.recordServer(started.pid);
      const result = await untilReady(started, plan.readyPattern, plan.limitMs);
      if (result === 'up') await settled(started.pid);
      return result;
    } catch (failure) {
      await started.stop();
      throw failure;
    }
  };
  return {
    folder,
    log,
    pid: () => server?.pid ?? 0,
    /** Exit code or signal of the last process, once it has ended. */
    endedWith: () => server?.ended(),
    /** Resolves with the same once the process that runs now has ended. */
    gone: async () => (await server?.gone) ?? 'no process',
    /** How the last process ended, with the end of its log: for the message of a failed start. */
    endOf,
    start,
    stop: async (): Promise<void> => {
      stopped = true;
      await server?.stop();
      await lock.release();
    },
  };
}

async function lastLines(log: string): Promise<string> {
  const end = await endOfLog(log, 16 * 1024).catch(reasonOf);
  return end.trimEnd().split('\n').slice(-5).join('\n');
}

/** Where a server must come back: with its data, on its ports. */
export interface FormerPlace {
  /** A file or folder without which a start would begin with empty data. */
  readonly data: string;
  readonly ports: readonly number[];
}

/** Starts an ended server where it was; returns what prevented it. */
export async function startAgain(
  server: LockedServer,
  { data, ports }: FormerPlace,
  start: () => Promise<'up' | 'ended'>,
): Promise<StartFailure | undefined> {
  if (!(await exists(data))) return { cause: 'data_missing', detail: 'its data is gone' };
  for (const port of ports) {
    if (!(await isFree(port))) return { cause: 'port_taken', detail: `another process listens on port ${port}` };
  }
  try {
    return (await start()) === 'up' ? undefined : await failureOf(server, 'not_started', endOf(server));
  } catch (failure) {
    return failureOf(server, 'not_started', reasonOf(failure));
  }
}

/** Why a server that ran has ended. */
export const failureAtEnd = (server: LockedServer): Promise<StartFailure> => failureOf(server, 'ended', endOf(server));

const endOf = (server: LockedServer) => `it ended with ${server.endedWith()}`;

async function failureOf(server: LockedServer, cause: DownCause, detail: string): Promise<StartFailure> {
  return (await isDiskFull(server)) ? { cause: 'disk_full', detail: `the disk is full; ${detail}` } : { cause, detail };
}

/** Less than this is no space: a server that ends for want of space cannot write so into a log on the same disk. */
const NO_SPACE_BYTES = 16 * 2 ** 20;
const NO_SPACE_LOGGED = /no space left on device|database or disk is full/i;

async function isDiskFull({ folder, log }: LockedServer): Promise<boolean> {
  const free = await statfs(folder).catch(() => undefined);
  if (free !== undefined && free.bavail * free.bsize < NO_SPACE_BYTES) return true;
  return NO_SPACE_LOGGED.test(await endOfLog(log, 256 * 1024).catch(() => ''));
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
