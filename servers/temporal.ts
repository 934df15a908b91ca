import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { failureAtEnd, type LockedServer, lockedServer, startAgain } from './locked-server.js';
import { freePort } from './ports.js';
import { type BinaryConfig, findBinary } from './provision/find-binary.js';
import { type Report, ServerFailure } from './report.js';
import type { EmbeddedServer } from './supervise.js';

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

export interface RunningTemporal extends EmbeddedServer {
  /** host:port of its gRPC service. */
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
}

/** Starts the embedded Temporal on the loopback, with its UI and its state in one file; returns when it is ready. */
export async function startTemporal(plan: TemporalPlan): Promise<RunningTemporal> {
  const { path, version } = await findBinary('temporal', plan.config, plan.report);
  // The file is not migrated between releases, so each release has its own.
  const release = version.split('.').slice(0, 2).join('.');
  const folder = join(plan.dataDir, `temporal-${release}`);
  const server = await lockedServer(folder, join(folder, 'temporal.log'));
  try {
    const data = join(folder, 'temporal.sqlite');
    const start = ({ port, uiPort }: Ports) => {
      const args = argumentsFor(port, uiPort, data);
      const settled = () => untilItAnswers(`127.0.0.1:${port}`);
      return server.start({ command: path, args, readyPattern: RUNNING, limitMs: READY_MS }, settled);
    };
    const ports = await listen(server, start, plan);
    const address = `127.0.0.1:${ports.port}`;
    const uiUrl = `http://127.0.0.1:${ports.uiPort}`;
    plan.report(`Temporal ${version} on ${address}, UI on ${uiUrl}, data in ${folder}`);
    return {
      address,
      uiUrl,
      get pid() {
        return server.pid();
      },
      paths: server,
      ended: () => server.gone().then(() => failureAtEnd(server)),
      startAgain: () => startAgain(server, { data, ports: [ports.port, ports.uiPort] }, () => start(ports)),
      stop: server.stop,
    };
  } catch (failure) {
    await server.stop();
    throw failure;
  }
}

/** The time-skipping server that @temporalio/testing starts itself, given the path. */
export async function temporalTestServerPath(config: BinaryConfig, report: Report): Promise<string> {
  const { path } = await findBinary('temporalTestServer', config, report);
  return path;
}

interface Ports {
  readonly port: number;
  readonly uiPort: number;
}

/** Starts it on the wanted ports or other ones; returns the ports. */
async function listen(
  server: LockedServer,
  start: (ports: Ports) => Promise<'up' | 'ended'>,
  wanted: Pick<TemporalPlan, 'port' | 'uiPort'>,
): Promise<Ports> {
  // Another process may take the port between the check and the start; start-dev has no exit code for that.
  for (let tries = 0; tries < 3; tries++) {
    const port = await freePort(tries === 0 ? (wanted.port ?? DEFAULT_PORT) : 0);
    const uiPort = await freePort(tries === 0 ? (wanted.uiPort ?? DEFAULT_UI_PORT) : 0);
    if ((await start({ port, uiPort })) === 'up') return { port, uiPort };
  }
  throw new ServerFailure(`Temporal did not start: ${await server.endOf()}`);
}

function argumentsFor(port: number, uiPort: number, file: string): string[] {
  return [
    ['server', 'start-dev', '--ip', '127.0.0.1', '--port', `${port}`, '--ui-port', `${uiPort}`],
    ['--db-filename', file, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    ['--log-level', 'error'],
  ].flat();
}

async function untilItAnswers(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: READY_MS });
  await connection.close();
}
