import type { Config } from '../../config.js';
import { readRunningFile } from '../running-file.js';
import { readDatabase } from './database.js';

type Addresses = Pick<Config, 'mongodbUrl' | 'temporalAddress'>;

/** The embedded servers that run on DATA_DIR; undefined where the environment names servers, or none run. */
export async function runningInstallation(config: Config): Promise<Addresses | undefined> {
  if (config.mongodbUrl !== undefined) return undefined;
  const found = await readRunningFile(config.dataDir);
  if (found === undefined) return undefined;
  // The file of a killed installation may remain: then no server answers.
  const answers = await readDatabase({ ...config, mongodbUrl: found.mongodbUrl }, (db) => db.command({ ping: 1 }));
  const temporalAddress = config.temporalAddress ?? found.temporalAddress;
  return answers === undefined ? undefined : { mongodbUrl: found.mongodbUrl, temporalAddress };
}
