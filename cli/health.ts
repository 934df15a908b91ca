import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { now } from '../clock.js';
import type { Config } from '../config.js';
import { DEFAULT_PREFIX, queuesOf } from '../workflows/names.js';

export type Role = 'api' | 'worker';

const TIMEOUT = 3_000;
/** A worker polls at least once a minute. */
const MAX_POLL_AGE = 150_000;
/** TaskQueueType of Temporal's API. */
const WORKFLOW_TASKS = 1;

/** `everpost health`: whether the API or the worker on this host is alive. Exit code 1 if it is not. */
export async function health(config: Config, role: Role): Promise<number> {
  const alive = role === 'api' ? await apiResponds(config) : await workerPolls(config);
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

/** A worker has no port: only Temporal knows whether it still polls. */
export async function workerPolls(
  { temporalAddress, temporalNamespace: namespace }: Pick<Config, 'temporalAddress' | 'temporalNamespace'>,
  prefix = DEFAULT_PREFIX,
  host = hostname(),
): Promise<boolean> {
  const connection = await Connection.connect({ address: temporalAddress ?? '', connectTimeout: TIMEOUT });
  try {
    const taskQueue = { name: queuesOf(prefix).workflows };
    const request = { namespace, taskQueue, taskQueueType: WORKFLOW_TASKS };
    const { pollers } = await connection.workflowService.describeTaskQueue(request);
    const since = now().getTime() - MAX_POLL_AGE;
    return (pollers ?? []).some(
      ({ identity, lastAccessTime }) =>
        identity?.endsWith(`@${host}`) === true && Number(lastAccessTime?.seconds ?? 0) * 1_000 > since,
    );
  } finally {
    await connection.close();
  }
}
