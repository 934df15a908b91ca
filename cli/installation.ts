import type { Config } from '../config.js';
import { startCatcher } from '../servers/catcher/start.js';
import { startMongo } from '../servers/mongodb/mongodb.js';
import type { Report } from '../servers/report.js';
import { startTemporal } from '../servers/temporal.js';
import { writeRunningFile } from './running-file.js';

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
