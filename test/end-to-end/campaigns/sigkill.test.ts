import { afterAll, beforeAll, expect, test } from 'vitest';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 700;
let cluster: TestCluster;
beforeAll(async () => {
  // No lease ends while the test runs: pages of a killed worker are free because it is found dead.
  cluster = await aTestCluster({ times: { lease: 400_000 } });
});
afterAll(() => cluster?.close());

test('a campaign whose worker is killed repeatedly loses no recipient and mails none twice', async () => {
  let worker = await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(200) });
  for (const share of [0.1, 0.35, 0.6]) {
    await cluster.receiver.untilAccepted(Math.floor(READERS * (share + Math.random() / 5)));
    await worker.end('SIGKILL');
    worker = await cluster.worker();
  }
  await cluster.untilState(campaign, 'sent');

  const { uncertain, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent + uncertain.length).toBe(READERS);
  // docs/architecture/protocol.md "Bound on uncertain": 4 × 8 connections per kill.
  expect(uncertain.length).toBeLessThanOrEqual(3 * 32);
});
