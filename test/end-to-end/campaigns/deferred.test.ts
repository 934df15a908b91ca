import { afterAll, beforeAll, expect, test } from 'vitest';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 400;
const BUSY = '451 4.7.1 greylisted, try again later';
let cluster: TestCluster;
let isBusy = true;
/** The server defers every tenth recipient until the test changes it. */
const busy = (address: string) => isBusy && Number(/\d+/.exec(address)) % 10 === 0;

beforeAll(async () => {
  cluster = await aTestCluster({
    script: { onRcpt: (address) => (busy(address) ? BUSY : undefined) },
    times: { firstRetry: 3_000 },
  });
});
afterAll(() => cluster?.close());

test('a worker killed in the round of deferred recipients loses none of them', async () => {
  const { receiver } = cluster;
  const worker = await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(1_000) });
  await cluster.untilTrue(async () => (await cluster.row(campaign)).round === 1);
  isBusy = false;
  expect(receiver.accepted).toHaveLength(READERS * 0.9);
  const letGo = receiver.hold();
  await receiver.untilStep('dot', receiver.steps.dot + 2);
  await worker.end('SIGKILL');
  letGo();

  await cluster.worker();
  await cluster.untilState(campaign, 'sent');
  const { uncertain, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent + uncertain.length).toBe(READERS);
  expect(uncertain.length).toBeGreaterThan(0);
  expect(uncertain.every((id) => id % 10 === 0)).toBe(true);
});
