import type { Config } from '../config.js';
import { faultsOfWorkers } from './worker/health.js';

export type Role = 'api' | 'worker';

const TIMEOUT = 3_000;

/** `everpost health`: whether the API or the worker on this host is healthy. Exit code 1 if it is not, with the reasons. */
export async function health(config: Config, role: Role): Promise<number> {
  const faults = role === 'api' ? await faultsOfApi(config) : await faultsOfWorkers(config.dataDir);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

async function faultsOfApi({ host, port }: Pick<Config, 'host' | 'port'>): Promise<string[]> {
  const here = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${here}:${port}/health`;
  const response = fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
  return response.then(
    ({ ok, status }) => (ok ? [] : [`The API answers ${status} at ${url}.`]),
    () => [`The API has not answered within ${TIMEOUT / 1_000} s at ${url}.`],
  );
}
