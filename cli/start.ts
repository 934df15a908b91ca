import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigurationError } from '../config.js';
import { catchMail } from '../servers/catcher/catcher.js';
import { catcherOptions } from '../servers/catcher/start.js';
import { lockFolder } from '../servers/folder-lock.js';
import { FIRST_ACCOUNT } from '../store/accounts/accounts.js';
import { keys } from '../store/keys/keys.js';
import { type Installation, missingSettings, openInstallation } from './installation.js';
import { joinedStore } from './processes.js';
import { metricsRegistryOf, runApi, runWorker, untilStopSignal, type WorkerRole } from './roles.js';
import { serveWorkerMetrics } from './worker-metrics.js';

/** A complete Everpost in this process: embedded servers, the API and a worker. */
export interface Everpost {
  readonly at: Installation;
  readonly api: string;
  readonly firstKey: string | undefined;
  /** A separate key for the demo. */
  demoKey(): Promise<string>;
  /** Rejects if the worker fails. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export async function openEverpost(config: Config, log: Logger): Promise<Everpost> {
  const at = await openInstallation(config, (line) => console.log(line));
  const { store, close } = await joinedStore(config, at, 'start', log);
  let worker: WorkerRole | undefined;
  const registry = metricsRegistryOf(config);
  const api = await runApi(config, store, at, log, { worker: () => worker, registry });
  const running = await runWorker(config, store, at, log, registry);
  worker = running;
  return {
    at,
    api: api.address,
    firstKey: api.firstKey,
    demoKey: async () => (await keys(store).issue(FIRST_ACCOUNT, 'demo')).secret,
    ended: running.ended,
    stop: async () => {
      await Promise.all([api.stop(), running.stop()]);
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

function addresses(config: Config, role: 'api' | 'worker') {
  const faults = missingSettings(config, role);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { mongodbUrl = '', temporalAddress = '', smtpUrl = '' } = config;
  return { mongodbUrl, temporalAddress, smtpUrl };
}

/** `everpost api`: the API alone, against servers named in the environment. */
export async function api(config: Config, log: Logger): Promise<void> {
  const at = addresses(config, 'api');
  const { store, close } = await joinedStore(config, at, 'api', log);
  const server = await runApi(config, store, at, log);
  log.info({ address: server.address }, 'API listens');
  if (server.firstKey !== undefined) console.log(`Your API key, shown this once: ${server.firstKey}`);
  await untilStopSignal();
  await server.stop();
  await close();
}

/** `everpost worker`: a worker alone; run as many as you like. */
export async function worker(config: Config, log: Logger): Promise<void> {
  const at = addresses(config, 'worker');
  const { store, close } = await joinedStore(config, at, 'worker', log);
  const registry = config.http.metricsPort === undefined ? undefined : metricsRegistryOf(config);
  let started: WorkerRole | undefined;
  const watched = await serveWorkerMetrics(config, registry, log, async () => (await started?.otherMetrics()) ?? []);
  const running = await runWorker(config, store, at, log, registry);
  started = running;
  log.info('worker runs');
  try {
    await Promise.race([untilStopSignal(), running.ended]);
  } finally {
    await running.stop();
    watched?.stop();
    await close();
  }
}

/** `everpost catcher`: the mail catcher alone, in the foreground; returns after Ctrl-C. */
export async function catcher(config: Config): Promise<void> {
  const folder = join(config.dataDir, 'mail');
  const lock = await lockFolder(folder);
  try {
    const running = await catchMail({ folder, ...catcherOptions(config) });
    console.log(`SMTP   smtp://127.0.0.1:${running.smtpPort}`);
    console.log(`Inbox  http://127.0.0.1:${running.inboxPort}`);
    await new Promise<void>((resolve) => {
      process.once('SIGINT', () => resolve());
      process.once('SIGTERM', () => resolve());
    });
    await running.stop();
  } finally {
    await lock.release();
  }
}
