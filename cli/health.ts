import { hostname } from 'node:os';
import type { Config } from '../config.js';

export type Role = 'api' | 'worker';

const TIMEOUT = 3_000;

/** `everpost health`: whether the API or the worker on this host is alive. Exit code 1 if it is not. */
export async function health(config: Config, role: Role): Promise<number> {
  const alive = role === 'api' ? await apiResponds(config) : await workerResponds(config);
  if (!alive) console.error(`The ${role} on ${hostname()} is not alive.`);
  return alive ? 0 : 1;
}

async function apiResponds({ host, port }: Pick<Config, 'host' | 'port'>): Promise<boolean> {
  const here = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const response = fetch(`http://${here}:${port}/health`, { signal: AbortSignal.timeout(TIMEOUT) });
  return response.then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Loads Temporal's client, which takes longer than the whole check of an API. */
async function workerResponds(config: Config): Promise<boolean> {
  const { workerPolls } = await import('./worker/polls.js');
  return workerPolls(config);
}
