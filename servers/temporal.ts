import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { freePort } from './ports.js';
import { logTail, type ServerProcess, startProcess, untilReady } from './process.js';
import { type BinaryConfig, findBinary } from './provision/find-binary.js';
import type { Report } from './report.js';

const DEFAULT_PORT = 7233;
const DEFAULT_UI_PORT = 8233;
const READY_MS = 60_000;
/** What `start-dev` prints once its server runs. */
const RUNNING = /^(Temporal )?Server:\s+\S+:\d+/m;

export interface TemporalPlan {
  readonly config: BinaryConfig;
  readonly dataDir: string;
  readonly report: Report;
  /** Preferred ports; if one is in use, another is chosen. */
  readonly port?: number;
  readonly uiPort?: number;
}

export interface RunningTemporal {
  /** host:port of its gRPC service. */
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the embedded Temporal on the loopback, with its UI and its state in one file; returns when it is ready. */
export async function startTemporal(plan: TemporalPlan): Promise<RunningTemporal> {
  const { path, version } = await findBinary('temporal', plan.config, plan.report);
  // The file is not migrated between releases, so each release has its own.
  const release = version.split('.').slice(0, 2).join('.');
  const folder = join(plan.dataDir, `temporal-${release}`);
  const lock = await lockFolder(folder);
  try {
    const { server, port, uiPort } = await listen({ program: path, folder, lock, plan });
    const address = `127.0.0.1:${port}`;
    await untilItAnswers(address, server);
    plan.report(`Temporal ${version} on ${address}, UI on http://127.0.0.1:${uiPort}, data in ${folder}`);
    const stop = () => server.stop().finally(lock.release);
    return { address, uiUrl: `http://127.0.0.1:${uiPort}`, pid: server.pid, stop };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

/** The time-skipping server that @temporalio/testing starts itself, given the path. */
export async function temporalTestServerPath(config: BinaryConfig, report: Report): Promise<string> {
  const { path } = await findBinary('temporalTestServer', config, report);
  return path;
}

interface Listening {
  readonly program: string;
  readonly folder: string;
  readonly lock: FolderLock;
  readonly plan: TemporalPlan;
}

async function listen({ program, folder, lock, plan }: Listening) {
  let server: ServerProcess | undefined;
  // Another process may take the port between the check and the start; start-dev has no exit code for that.
  for (let tries = 0; tries < 3; tries++) {
    const port = await freePort(tries === 0 ? (plan.port ?? DEFAULT_PORT) : 0);
    const uiPort = await freePort(tries === 0 ? (plan.uiPort ?? DEFAULT_UI_PORT) : 0);
    const args = argumentsFor(port, uiPort, join(folder, 'temporal.sqlite'));
    server = await startProcess({ command: program, args, log: join(folder, 'temporal.log') });
    await lock.recordServer(server.pid);
    if ((await untilReady(server, RUNNING, READY_MS)) === 'up') return { server, port, uiPort };
  }
  throw new Error(`Temporal did not start${server === undefined ? '' : `: ${await logTail(server)}`}`);
}

function argumentsFor(port: number, uiPort: number, file: string): string[] {
  return [
    ['server', 'start-dev', '--ip', '127.0.0.1', '--port', `${port}`, '--ui-port', `${uiPort}`],
    ['--db-filename', file, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    ['--log-level', 'error'],
  ].flat();
}

async function untilItAnswers(address: string, server: ServerProcess): Promise<void> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: READY_MS });
    await connection.close();
  } catch (failure) {
    await server.stop();
    throw failure;
  }
}
