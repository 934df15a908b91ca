import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { PROTOCOL_TIMES } from '../domain/delivery/protocol.js';
import { within } from '../domain/within.js';
import { ServerFailure } from '../servers/report.js';
import { FIRST_ACCOUNT } from '../store/accounts/accounts.js';
import { type KeyTerms, keys } from '../store/keys/keys.js';
import { runApi } from './api.js';
import { type Installation, openInstallation } from './installation.js';
import { joinedStore } from './processes.js';
import { untilStopSignal } from './stop-signal.js';
import { serveWorkerHealth } from './worker/health.js';
import { metricsRegistryOf, runWorker, type WorkerRole } from './worker/worker.js';

/** A complete Everpost in this process: embedded servers, the API and a worker. */
export interface Everpost {
  readonly at: Installation;
  readonly api: string;
  readonly firstKey: string | undefined;
  /** Creates a key of the first account and returns its secret. */
  issueKey(name: string, terms: Partial<KeyTerms>): Promise<string>;
  /** Rejects if the worker fails, or if an embedded server cannot be started again. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function openEverpost(config: Config, log: Logger): Promise<Everpost> {
  const at = await openInstallation(config, (line) => console.log(line));
  return Promise.race([openRoles(config, at, log), at.lost]);
}

async function openRoles(config: Config, at: Installation, log: Logger): Promise<Everpost> {
  const { store, close } = await joinedStore(config, at, 'start', log);
  let worker: WorkerRole | undefined;
  const registry = metricsRegistryOf(config);
  const api = await runApi(config, store, at, log, { worker: () => worker, registry, ownServers: at });
  const asked = await serveWorkerHealth(config.dataDir, () => worker, log);
  const running = await runWorker(config, store, at, log, registry);
  worker = running;
  const ended = Promise.race([running.ended, at.lost]);
  ended.catch(() => undefined);
  return {
    at,
    api: api.address,
    firstKey: api.firstKey,
    issueKey: async (name, terms) => (await keys(store).issue(FIRST_ACCOUNT, name, terms)).secret,
    ended,
    stop: async () => {
      await Promise.all([api.stop(), running.stop()]);
      await asked.stop();
      await close();
      await at.stop();
    },
  };
}

/** Milliseconds. */
const STOP_LIMIT = PROTOCOL_TIMES.shutdownGrace + PROTOCOL_TIMES.drain;
/** Mail servers reply within this time; without its own servers a worker would repeat its writes until the other limit. */
const STOP_LIMIT_WITHOUT_SERVER = 10_000;

/** `everpost start`: runs everything until SIGINT or SIGTERM. */
export async function start(config: Config, log: Logger): Promise<void> {
  const everpost = await openEverpost(config, log);
  console.log(`\nEverpost is running.\n${addressesOf(everpost)}`);
  if (everpost.firstKey !== undefined) {
    console.log(`\nYour API key, shown this once: ${everpost.firstKey}`);
  }
  let limit = STOP_LIMIT;
  try {
    await Promise.race([untilStopSignal(), everpost.ended]);
  } catch (error) {
    if (error instanceof ServerFailure) limit = STOP_LIMIT_WITHOUT_SERVER;
    throw error;
  } finally {
    console.log('Stopping: finishing claimed mails …');
    await within(limit, everpost.stop(), undefined);
  }
}

export function addressesOf({ api, at }: Everpost): string {
  const lines = [
    ['API', `${api}/api/v1`],
    ['API docs', `${api}/docs`],
    ['Temporal UI', at.temporalUi ?? 'where your Temporal has it'],
    ['Inbox', at.inboxUrl ?? 'none: mail goes to your SMTP_URL'],
  ];
  return lines.map(([name, address]) => `  ${name?.padEnd(12)} ${address}`).join('\n');
}
