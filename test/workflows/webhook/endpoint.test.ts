import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveries } from '../../../store/webhooks/deliveries.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { runEndpoint } from '../../support/workflows/endpoint-run.js';

/** A pass and the wait behind it come to about ten events of history: a run is over after the third. */
const LONGEST = 25;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await aTestCluster();
  await cluster.worker();
});
afterAll(() => cluster?.close());

test('a run follows another before its history is long; the place and what is to be tried again survive', {
  timeout: 120_000,
}, async () => {
  const { store, place, client } = cluster;
  const ground = { store, secret: SECRET, workflow: client.workflow, prefix: place.prefix };
  const { row, hooks, workflowId } = await runEndpoint({ ...ground, longestHistory: LONGEST });

  const ids = hooks.map(({ headers }) => String(headers['webhook-id']));
  const [refused = ''] = ids;
  expect(ids.filter((id) => id === refused)).toHaveLength(2);
  expect(new Set(ids).size).toBe(ids.length - 1);
  const log = await deliveries(store).page(row, { limit: 100 });
  expect(new Set(log.map(({ event }) => event))).toEqual(new Set(ids));
  expect(log.every(({ state }) => state === 'delivered')).toBe(true);

  // Temporal's list follows its histories: each run but the last has gone on as another.
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
