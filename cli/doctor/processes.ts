import { sharedSettings } from '../../config/shared-settings.js';
import type { Config } from '../../config.js';
import { type Process, processes } from '../../store/processes/processes.js';
import { linkKeyRing } from '../../store/secrets/link-keys.js';
import { differencesAmong, SECRET_ADVICE } from '../processes.js';
import { readDatabase } from './database.js';
import { type Finding, fault, ok, warning } from './finding.js';

/** Compares this environment with the running processes, and its secret with the one that the database was set up with. */
export async function checkProcesses(config: Config): Promise<Finding[]> {
  const { secret } = config;
  const found = await readDatabase(config, async (db) => ({
    others: await processes({ db }).running(),
    secretFits: secret === undefined || (await linkKeyRing({ db }, secret).secretFits()),
  }));
  if (found === undefined) return [];
  const findings = compared(config, found.others);
  if (found.secretFits) return findings;
  return [
    fault('EVERPOST_SECRET', `not the one of the database ${config.mongodbDatabase}`, SECRET_ADVICE),
    ...findings,
  ];
}

function compared(config: Config, others: readonly Process[]): Finding[] {
  const differences = differencesAmong(sharedSettings(config), others);
  if (differences.length === 0)
    return [ok('Shared settings', `no running process has other ones (running: ${others.length})`)];
  return differences.map(({ variable, here, there, processes: named }) =>
    warning(
      variable,
      `${here} here, but ${there} in ${named.join(', ')}`,
      'set it to the same value for all processes and restart those that have another one',
    ),
  );
}
