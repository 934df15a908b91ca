import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { startCatcher } from '../servers/catcher/start.js';
import { startMongo } from '../servers/mongodb/mongodb.js';
import type { Report } from '../servers/report.js';
import { startTemporal } from '../servers/temporal.js';

/** Addresses of the three servers, embedded or external. */
export interface Installation {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
  /** Known only for the embedded Temporal. */
  readonly temporalUi: string | undefined;
  readonly smtpUrl: string;
  readonly inboxUrl: string | undefined;
  /** Stops what was started here, in reverse order. */
  stop(): Promise<void>;
}

/** What a process needs to reach them. */
export type Addresses = Pick<Installation, 'mongodbUrl' | 'temporalAddress' | 'smtpUrl'>;

type Stoppable = { stop(): Promise<void> };

/** Starts an embedded server for each one that the environment does not name. */
export async function openInstallation(config: Config, report: Report): Promise<Installation> {
  const started: Stoppable[] = [];
  const stop = async () => {
    for (const server of started.reverse()) await server.stop();
  };
  const own = async <T extends Stoppable>(named: string | undefined, start: () => Promise<T>) => {
    if (named !== undefined) return undefined;
    const server = await start();
    started.push(server);
    return server;
  };
  const plan = { config, dataDir: config.dataDir, report };
  try {
    const mongo = await own(config.mongodbUrl, () => startMongo(plan));
    const temporal = await own(config.temporalAddress, () => startTemporal(plan));
    const catcher = await own(config.smtpUrl, () => startCatcher(plan));
    const at = {
      mongodbUrl: config.mongodbUrl ?? mongo?.url ?? '',
      temporalAddress: config.temporalAddress ?? temporal?.address ?? '',
      temporalUi: temporal?.uiUrl,
      smtpUrl: config.smtpUrl ?? catcher?.smtpUrl ?? '',
      inboxUrl: catcher?.inboxUrl,
    };
    if (mongo !== undefined) started.push({ stop: await writeRunningFile(config.dataDir, at) });
    return { ...at, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns every setting that a role needs to run alone and that is missing. */
export function missingSettings(config: Config, role: 'api' | 'worker'): string[] {
  const needed = {
    MONGODB_URL: config.mongodbUrl,
    TEMPORAL_ADDRESS: config.temporalAddress,
    EVERPOST_SECRET: config.secret,
  };
  const all = role === 'worker' ? { ...needed, SMTP_URL: config.smtpUrl } : needed;
  const missing = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [`${name} must be set to run the ${role} alone`] : [],
  );
  const { metricsPort, metricsToken } = config.http;
  const unseen = role === 'worker' && metricsPort !== undefined && metricsToken === undefined;
  return unseen ? [...missing, 'METRICS_PORT needs METRICS_TOKEN'] : missing;
}

/** Addresses of a running embedded installation; holds a password, so only its owner may read it. */
interface RunningInstallation {
  readonly mongodbUrl: string;
  readonly temporalAddress: string;
}

const runningFile = (dataDir: string) => join(dataDir, 'running.json');

/** Writes the file for commands that run beside `everpost start`; the returned function deletes it. */
async function writeRunningFile(dataDir: string, installation: RunningInstallation): Promise<() => Promise<void>> {
  await writeFile(runningFile(dataDir), JSON.stringify(installation), { mode: 0o600 });
  return () => rm(runningFile(dataDir), { force: true });
}

/** The installation on this data folder. A killed one leaves its file behind: the caller finds out by connecting. */
export async function readRunningFile(dataDir: string): Promise<RunningInstallation | undefined> {
  try {
    return JSON.parse(await readFile(runningFile(dataDir), 'utf8')) as RunningInstallation;
  } catch {
    return undefined;
  }
}
