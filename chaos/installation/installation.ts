import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isReady, machineEnvironment } from '../../bench/harness/everpost-process.js';
import { faultsOfWorkers } from '../../cli/worker/health.js';
import type { Config } from '../../config.js';
import { freePort } from '../../servers/ports.js';
import { startMongodbSet } from './mongodb-set.js';
import { ownClock } from './own-clock.js';
import { type Seat, type SeatPlan, startSeat } from './seat.js';
import { startTemporalServer } from './temporal-server.js';

/** The key of the first account. */
export const KEY = 'evp_a_key_for_this_run_alone';
/** Of each worker. */
export const CONNECTIONS = 8;
const PROCESSES_OF_A_KIND = 2;

interface InstallationPlan {
  readonly smtpUrl: string;
  /** The compiled command line. */
  readonly program: string;
}

export type Installation = Awaited<ReturnType<typeof startInstallation>>;

/** Three members of MongoDB, a Temporal, two APIs and two workers, each in a process of its own; mail goes to `smtpUrl`. */
export async function startInstallation(config: Config, { smtpUrl, program }: InstallationPlan) {
  const folder = await mkdtemp(join(tmpdir(), 'everpost-chaos-'));
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async ({ keepLogs }: { readonly keepLogs: boolean }): Promise<void> => {
    for (const each of stops.toReversed()) await each();
    if (!keepLogs) await rm(folder, { recursive: true, force: true });
  };
  try {
    const mongodb = await startMongodbSet(config, folder);
    stops.push(mongodb.stop);
    const temporal = await startTemporalServer(config, folder);
    stops.push(temporal.stop);
    const ports = await Promise.all(Array.from({ length: PROCESSES_OF_A_KIND }, () => freePort(0)));
    const addresses = ports.map((port) => `http://127.0.0.1:${port}`);
    const servers = { MONGODB_URL: mongodb.url, TEMPORAL_ADDRESS: temporal.address };
    const environment = environmentOf(config, { ...servers, PUBLIC_URL: addresses[0] ?? '', folder, smtpUrl });
    const seated = (own: Omit<SeatPlan, 'program' | 'folder'>): Seat => {
      const seat = startSeat({ program, folder, ...own, environment: { ...environment, ...own.environment } });
      stops.push(seat.kill);
      return seat;
    };
    const apis = ports.map((port, i) => seated(apiSeat(port, i)));
    const workers = ports.map((_, i) => seated(workerSeat(join(folder, `worker-${i}`), i)));
    await Promise.all(apis.map(untilUp));
    const clock = await ownClock(folder);
    const run = (other: string, command: string) => outputOf(other, command, environment);
    return { folder, mongodb, temporal, apis, workers, addresses, clock, run, stop };
  } catch (failure) {
    await stop({ keepLogs: true });
    throw failure;
  }
}

function apiSeat(port: number, i: number) {
  const isUp = () => isReady(`http://127.0.0.1:${port}`);
  return { name: `api-${i}`, command: 'api' as const, environment: { PORT: `${port}` }, isUp };
}

function workerSeat(folder: string, i: number) {
  const isUp = async () => (await faultsOfWorkers(folder)).length === 0;
  return { name: `worker-${i}`, command: 'worker' as const, environment: { DATA_DIR: folder }, isUp };
}

/** What a command of this build prints in the environment of the installation; throws where it fails. */
async function outputOf(program: string, command: string, env: NodeJS.ProcessEnv): Promise<string> {
  return (await promisify(execFile)(process.execPath, [program, command], { env })).stdout.trim();
}

interface Shared {
  readonly PUBLIC_URL: string;
  readonly MONGODB_URL: string;
  readonly TEMPORAL_ADDRESS: string;
  readonly folder: string;
  readonly smtpUrl: string;
}

function environmentOf(config: Config, { folder, smtpUrl, ...servers }: Shared): NodeJS.ProcessEnv {
  return {
    ...servers,
    ...machineEnvironment(config),
    DATA_DIR: folder,
    EVERPOST_SECRET: 'a secret for this run alone',
    EVERPOST_API_KEY: KEY,
    SMTP_URL: smtpUrl,
    SMTP_CONNECTIONS: `${CONNECTIONS}`,
    WORKER_PROCESSES: '1',
    ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    RATE_LIMIT_PER_MINUTE: '0',
    LOG_LEVEL: 'warn',
  };
}

const UP_MS = 60_000;
const LOOK_EVERY_MS = 250;

async function untilUp({ name, isUp }: Seat): Promise<void> {
  for (let waited = 0; waited < UP_MS; waited += LOOK_EVERY_MS) {
    if (await isUp()) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`${name} did not start`);
}

/** One process after the other, as a deploy does it: it drains, ends and is replaced, by another build where one is given. */
export async function rollingRestart({ workers, apis }: Installation, program?: string): Promise<void> {
  for (const seat of [...workers, ...apis]) {
    await seat.end();
    seat.start({ program });
    await untilUp(seat);
  }
}
