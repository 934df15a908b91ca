import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { DEFAULT_PREFIX, queuesOf } from '../../workflows/names.js';

const TIMEOUT = 3_000;
/** A worker polls at least once a minute. */
const MAX_POLL_AGE = 150_000;
/** TaskQueueType of Temporal's API. */
const WORKFLOW_TASKS = 1;

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
