import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { installRuntime } from '../../../workers/main.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { queueWorkers } from '../../support/everpost/queue-workers.js';
import { runEndpoint } from '../../support/workflows/endpoint-run.js';

/** A pass and the wait after it take about ten events of history, so a run ends after the third pass. */
const LONGEST = 25;
let cluster: TestCluster;
let close: () => Promise<void>;

beforeAll(async () => {
  cluster = await aTestCluster();
  const { store, place, times } = cluster;
  const log = pino({ level: 'silent' });
  installRuntime(log);
  const connection = await NativeConnection.connect({ address: place.temporalAddress });
  const { namespace: temporalNamespace, prefix } = place;
  const config = { ...readConfig({}), temporalNamespace, secret: SECRET, allowedPrivateHosts: ['127.0.0.1'] };
  const bundle = { codePath: inject('workflowBundle') };
  const smtpUrl = cluster.receiver.url;
  const workers = await queueWorkers({ config, store, times, prefix, log, bundle, connection, smtpUrl, lanes: 1 });
  close = async () => {
    await workers.stop();
    await connection.close();
  };
});
afterAll(async () => {
  await close?.();
  await cluster?.close();
});

test('a new run continues before the history is long, with the cursor and the deliveries to retry', {
  timeout: 120_000,
}, async () => {
  const { store, place, client } = cluster;
  const deps = { store, secret: SECRET, workflow: client.workflow, prefix: place.prefix };
  const { row, hooks, workflowId } = await runEndpoint({ ...deps, longestHistory: LONGEST });

  const ids = hooks.map(({ headers }) => String(headers['webhook-id']));
  const [refused = ''] = ids;
  expect(ids.filter((id) => id === refused)).toHaveLength(2);
  expect(new Set(ids).size).toBe(ids.length - 1);
  const log = await deliveries(store).page(row, { limit: 100 });
  expect(new Set(log.map(({ event }) => event))).toEqual(new Set(ids));
  expect(log.every(({ state }) => state === 'delivered')).toBe(true);

  // Temporal's list is eventually consistent: each run but the last has continued as a new one.
  const query = `WorkflowId = '${workflowId}'`;
  let runs: { ended: string; length: number }[] = [];
  await cluster.untilTrue(async () => {
    runs = [];
    for await (const { status, historyLength } of client.workflow.list({ query }))
      runs.push({ ended: status.name, length: historyLength ?? Number.POSITIVE_INFINITY });
    const ends = runs.map(({ ended }) => ended);
    return ends.includes('COMPLETED') && !ends.includes('RUNNING');
  });
  expect(runs.length).toBeGreaterThan(1);
  expect(runs.filter(({ ended }) => ended === 'COMPLETED')).toHaveLength(1);
  expect(runs.filter(({ ended }) => ended === 'CONTINUED_AS_NEW')).toHaveLength(runs.length - 1);
  expect(Math.max(...runs.map(({ length }) => length))).toBeLessThan(2 * LONGEST);
});
