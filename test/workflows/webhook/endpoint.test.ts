import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { runEndpoint } from '../../support/workflows/endpoint-run.js';

/** A pass and the wait after it take about ten events of history, so a run ends after the third pass. */
const LONGEST = 25;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await aTestCluster();
  await cluster.worker();
});
afterAll(() => cluster?.close());

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
  let lengths: number[] = [];
  await cluster.untilTrue(async () => {
    lengths = [];
    const ends = new Set<string>();
    for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      lengths.push(run.historyLength ?? Number.POSITIVE_INFINITY);
      ends.add(run.status.name);
    }
    return ends.has('COMPLETED') && !ends.has('RUNNING');
  });
  expect(lengths.length).toBeGreaterThan(1);
  expect(Math.max(...lengths)).toBeLessThan(2 * LONGEST);
});
