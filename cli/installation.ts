import type { Config } from '../config.js';
import type { OwnServer, ServerOutage } from '../domain/servers/restarts.js';
import { startCatcher } from '../servers/catcher/start.js';
import { startMongo } from '../servers/mongodb/mongodb.js';
import type { Report } from '../servers/report.js';
import { type EmbeddedServer, type SupervisedServer, supervise } from '../servers/supervise.js';
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
  /** The servers started here that have ended and do not run again yet. */
  outages(): readonly ServerOutage[];
  /** Rejects with a ServerFailure once one of them cannot be started again. */
  readonly lost: Promise<never>;
  /** Stops what was started here, in reverse order. */
  stop(): Promise<void>;
}

/** Starts an embedded server for each one that the environment does not name, and again whenever it ends. */
export async function openInstallation(config: Config, report: Report): Promise<Installation> {
  const supervised: SupervisedServer[] = [];
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  const own = async <T extends EmbeddedServer>(named: string | undefined, name: OwnServer, start: () => Promise<T>) => {
    if (named !== undefined) return undefined;
    const server = await start();
    const watched = supervise(name, server, report);
    supervised.push(watched);
    stops.push(watched.stop);
    return server;
  };
  const plan = { config, dataDir: config.dataDir, report };
  try {
    const mongo = await own(config.mongodbUrl, 'mongodb', () => startMongo(plan));
    const temporal = await own(config.temporalAddress, 'temporal', () => startTemporal(plan));
    const catcher = await own(config.smtpUrl, 'mail_catcher', () => startCatcher(plan));
    const at = {
      mongodbUrl: config.mongodbUrl ?? mongo?.url ?? '',
      temporalAddress: config.temporalAddress ?? temporal?.address ?? '',
      temporalUi: temporal?.uiUrl,
      smtpUrl: config.smtpUrl ?? catcher?.smtpUrl ?? '',
      inboxUrl: catcher?.inboxUrl,
    };
    if (mongo !== undefined) stops.push(await writeRunningFile(config.dataDir, at));
    const outages = () => supervised.flatMap(({ outage }) => outage() ?? []);
    return { ...at, outages, lost: firstLost(supervised), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstLost(supervised: readonly SupervisedServer[]): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    for (const server of supervised) server.lost.catch(reject);
  });
  lost.catch(() => undefined);
  return lost;
}
