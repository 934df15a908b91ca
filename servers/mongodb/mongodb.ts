import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failureAtEnd, type LockedServer, lockedServer, type ServerStart, startAgain } from '../locked-server.js';
import { freePort } from '../ports.js';
import { type BinaryConfig, findBinary } from '../provision/find-binary.js';
import { type Report, ServerFailure } from '../report.js';
import type { EmbeddedServer } from '../supervise.js';
import { becomePrimary, type Credentials, readCredentials } from './replica-set.js';

const DEFAULT_PORT = 27_017;
/** Includes recovery after a crash. */
const READY_MS = 60_000;
/** The message "Waiting for connections" in mongod's structured log. */
export const LISTENING = /"id":23016,/;
/** mongod's exit code where it cannot listen (EXIT_NET_ERROR). */
const PORT_TAKEN = 'code 48';

export interface MongoPlan {
  readonly config: BinaryConfig;
  readonly dataDir: string;
  readonly report: Report;
  /** Preferred port; if it is in use, another one is chosen. */
  readonly port?: number;
}

export interface RunningMongo extends EmbeddedServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

/** Starts the embedded MongoDB, a one-member replica set on the loopback, and waits until it accepts writes. */
export async function startMongo({ config, dataDir, report, port: wanted }: MongoPlan): Promise<RunningMongo> {
  const { path, version } = await findBinary('mongod', config, report);
  const release = version.split('.').slice(0, 2).join('.');
  await reportOtherReleases(dataDir, release, report);
  const folder = join(dataDir, `mongodb-${release}`);
  const server = await lockedServer(folder, join(folder, 'mongod.log'));
  try {
    const { keyFile, credentials } = await readCredentials(folder);
    const data = join(folder, 'data');
    await mkdir(data, { recursive: true, mode: 0o700 });
    const start = (port: number) =>
      server.start(startOf(path, argumentsFor(port, data, keyFile)), (pid) =>
        becomePrimary({ port, pid, credentials, limitMs: READY_MS }),
      );
    const port = await listen(server, start, wanted ?? DEFAULT_PORT);
    report(`MongoDB ${version} on 127.0.0.1:${port}, data in ${folder}`);
    return {
      url: urlOf(port, credentials),
      port,
      get pid() {
        return server.pid();
      },
      paths: server,
      ended: () => server.gone().then(() => failureAtEnd(server)),
      startAgain: () => startAgain(server, { data: join(data, 'WiredTiger'), ports: [port] }, () => start(port)),
      stop: server.stop,
    };
  } catch (failure) {
    await server.stop();
    throw failure;
  }
}

function urlOf(port: number, { user, password }: Credentials): string {
  return `mongodb://${user}:${password}@127.0.0.1:${port}/?replicaSet=everpost&authSource=admin`;
}

const startOf = (command: string, args: readonly string[]): ServerStart => {
  return { command, args, readyPattern: LISTENING, limitMs: READY_MS };
};

/** Starts it on the wanted port or another one; returns the port. */
async function listen(
  server: LockedServer,
  start: (port: number) => Promise<'up' | 'ended'>,
  wanted: number,
): Promise<number> {
  // Another process may take the port between the check and the start.
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort(tries === 0 ? wanted : 0);
    if ((await start(port)) === 'up') return port;
    if (server.endedWith() !== PORT_TAKEN) throw new ServerFailure(`MongoDB did not start: ${await server.endOf()}`);
  }
  throw new ServerFailure('MongoDB found no free port');
}

function argumentsFor(port: number, data: string, keyFile: string): string[] {
  return [
    ['--replSet', 'everpost', '--keyFile', keyFile, '--bind_ip', '127.0.0.1', '--port', `${port}`],
    ['--dbpath', data, '--nounixsocket', '--quiet', '--networkMessageCompressors', 'disabled'],
    ['--wiredTigerCacheSizeGB', '0.5', '--oplogSize', '512'],
    ['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    // No reads of old snapshots. With the default five minutes the files of dropped databases stay open and exceed the limit.
    ['--setParameter', 'minSnapshotHistoryWindowInSeconds=5'],
    // A transaction of a killed process locks its rows for this long; ours take less than a second.
    ['--setParameter', 'transactionLifetimeLimitSeconds=20'],
    // There is no secondary to hand over to, so there is nothing to wait for.
    ['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
  ].flat();
}

async function reportOtherReleases(dataDir: string, release: string, report: Report): Promise<void> {
  const names = await readdir(dataDir).catch(() => []);
  const others = names.filter((name) => name.startsWith('mongodb-') && name !== `mongodb-${release}`);
  if (others.length === 0) return;
  report(
    `MongoDB ${release} does not read ${others.join(', ')} in ${dataDir}: data of another release stays there untouched`,
  );
}
