import type { Logger } from 'pino';
import type { Config } from '../config.js';
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
  /** Rejects if the worker fails. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function openEverpost(config: Config, log: Logger): Promise<Everpost> {
  const at = await openInstallation(config, (line) => console.log(line));
  const { store, close } = await joinedStore(config, at, 'start', log);
  let worker: WorkerRole | undefined;
  const registry = metricsRegistryOf(config);
  const api = await runApi(config, store, at, log, { worker: () => worker, registry, ownServers: at });
  const asked = await serveWorkerHealth(config.dataDir, () => worker, log);
  const running = await runWorker(config, store, at, log, registry);
  worker = running;
  return {
    at,
    api: api.address,
    firstKey: api.firstKey,
    issueKey: async (name, terms) => (await keys(store).issue(FIRST_ACCOUNT, name, terms)).secret,
    ended: running.ended,
    stop: async () => {
      await Promise.all([api.stop(), running.stop()]);
      await asked.stop();
      await close();
      await at.stop();
    },
  };
}

/** `everpost start`: runs everything until SIGINT or SIGTERM. */
export async function start(config: Config, log: Logger): Promise<void> {
  const everpost = await openEverpost(config, log);
  console.log(`\nEverpost is running.\n${addressesOf(everpost)}`);
  if (everpost.firstKey !== undefined) {
    console.log(`\nYour API key, shown this once: ${everpost.firstKey}`);
  }
  try {
    await Promise.race([untilStopSignal(), everpost.ended]);
  } finally {
    console.log('Stopping: finishing claimed mails …');
    await everpost.stop();
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
