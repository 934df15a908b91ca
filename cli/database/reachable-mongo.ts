import type { Config } from '../../config.js';
import { startMongo } from '../../servers/mongodb/mongodb.js';
import { runningInstallation } from '../doctor/running.js';

/** A MongoDB for a command; `stop` ends it if it was started for the command. */
export interface ReachableMongo {
  readonly url: string;
  stop(): Promise<void>;
}

/** The configured MongoDB, else the one running on the data folder, else one that is started. */
export async function reachableMongo(config: Config): Promise<ReachableMongo> {
  const url = config.mongodbUrl ?? (await runningInstallation(config))?.mongodbUrl;
  if (url !== undefined) return { url, stop: async () => undefined };
  return startMongo({ config, dataDir: config.dataDir, report: () => {} });
}
