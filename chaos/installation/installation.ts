import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isReady, machineEnvironment } from '../../bench/harness/everpost-process.js';
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
    const shared = environmentOf(config, {
      PUBLIC_URL: addresses[0] ?? '',
      MONGODB_URL: mongodb.url,
      TEMPORAL_ADDRESS: temporal.address,
      folder,
      smtpUrl,
    });
    const seats = (command: 'api' | 'worker', own: readonly NodeJS.ProcessEnv[]): Seat[] => {
      const started = startSeats(command, own, { program, folder, environment: shared });
      stops.push(...started.map(({ kill }) => kill));
      return started;
    };
    const apis = seats(
      'api',
      ports.map((port) => ({ PORT: `${port}` })),
    );
    const workers = seats(
      'worker',
      ports.map((_, i) => ({ DATA_DIR: join(folder, `worker-${i}`) })),
    );
    await Promise.all(addresses.map(untilReady));
    const clock = await ownClock(folder);
    return { folder, mongodb, temporal, apis, workers, addresses, clock, stop };
  } catch (failure) {
    await stop({ keepLogs: true });
    throw failure;
  }
}

function startSeats(
  command: 'api' | 'worker',
  own: readonly NodeJS.ProcessEnv[],
  { environment, ...plan }: Pick<SeatPlan, 'program' | 'folder' | 'environment'>,
): Seat[] {
  return own.map((more, i) =>
    startSeat({ ...plan, name: `${command}-${i}`, command, environment: { ...environment, ...more } }),
  );
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

const READY_MS = 60_000;

/** Waits until an API answers that it is ready. */
export async function untilReady(address: string): Promise<void> {
  for (let waited = 0; waited < READY_MS; waited += 250) {
    if (await isReady(address)) return;
    await pause(250);
  }
  throw new Error(`${address} did not become ready`);
}
