import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FolderLock, lockFolder } from '../folder-lock.js';
import { freePort } from '../ports.js';
import { logTail, type ServerProcess, startProcess, untilReady } from '../process.js';
import { type BinaryConfig, findBinary } from '../provision/find-binary.js';
import type { Report } from '../report.js';
import { becomePrimary, type Credentials, readCredentials } from './replica-set.js';

const DEFAULT_PORT = 27_017;
/** Includes recovery after a crash. */
const READY_MS = 60_000;
/** The message "Waiting for connections" in mongod's structured log. */
const LISTENING = /"id":23016,/;
/** mongod's exit code where it cannot listen (EXIT_NET_ERROR). */
const PORT_TAKEN = 'code 48';

export interface MongoPlan {
  readonly config: BinaryConfig;
  readonly dataDir: string;
  readonly report: Report;
  /** Preferred port; if it is in use, another one is chosen. */
  readonly port?: number;
}

export interface RunningMongo {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the embedded MongoDB, a one-member replica set on the loopback, and waits until it accepts writes. */
export async function startMongo({ config, dataDir, report, port }: MongoPlan): Promise<RunningMongo> {
  const { path, version } = await findBinary('mongod', config, report);
  const release = version.split('.').slice(0, 2).join('.');
  await reportOtherReleases(dataDir, release, report);
  const folder = join(dataDir, `mongodb-${release}`);
  const lock = await lockFolder(folder);
  try {
    const secrets = await readCredentials(folder);
    const { server, taken } = await listen(
      { program: path, folder, keyFile: secrets.keyFile, lock },
      port ?? DEFAULT_PORT,
    );
    const stop = () => server.stop().finally(lock.release);
    try {
      await becomePrimary({ port: taken, pid: server.pid, credentials: secrets.credentials, limitMs: READY_MS });
    } catch (failure) {
      await stop();
      throw failure;
    }
    report(`MongoDB ${version} on 127.0.0.1:${taken}, data in ${folder}`);
    return { url: urlOf(taken, secrets.credentials), port: taken, pid: server.pid, stop };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

function urlOf(port: number, { user, password }: Credentials): string {
  return `mongodb://${user}:${password}@127.0.0.1:${port}/?replicaSet=everpost&authSource=admin`;
}

interface Listening {
  readonly program: string;
  readonly folder: string;
  readonly keyFile: string;
  readonly lock: FolderLock;
}

async function listen(plan: Listening, wanted: number): Promise<{ server: ServerProcess; taken: number }> {
  const data = join(plan.folder, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  // Another process may take the port between the check and the start.
  for (let tries = 0; tries < 5; tries++) {
    const taken = await freePort(tries === 0 ? wanted : 0);
    const server = await startProcess({
      command: plan.program,
      args: argumentsFor(taken, data, plan.keyFile),
      log: join(plan.folder, 'mongod.log'),
    });
    await plan.lock.recordServer(server.pid);
    if ((await untilReady(server, LISTENING, READY_MS)) === 'up') return { server, taken };
    if (server.ended() !== PORT_TAKEN) throw new Error(`MongoDB did not start: ${await logTail(server)}`);
  }
  throw new Error('MongoDB found no free port');
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
