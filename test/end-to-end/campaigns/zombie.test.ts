import { afterAll, beforeAll, expect, test } from 'vitest';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 600;
let cluster: TestCluster;
beforeAll(async () => {
  // The sleep is longer than this and than the lease of 6 s: late replies must still count.
  cluster = await aTestCluster({ times: { smtpDot: 5_000 } });
});
afterAll(() => cluster?.close());

test('a worker that resumes after another took over mails no recipient again, and its late replies settle uncertain ones', async () => {
  const { receiver } = cluster;
  const sleeper = await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(400) });
  await receiver.untilAccepted(100);
  const letGo = receiver.hold();
  await receiver.untilStep('dot', receiver.steps.dot + 4);
  sleeper.signal('SIGSTOP');
  const open = receiver.steps.dot - receiver.accepted.length;
  // The replies wait in the sockets of the stopped process.
  letGo();
  await cluster.untilTrue(() => receiver.accepted.length === receiver.steps.dot);

  await cluster.worker();
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).uncertain >= open);
  await receiver.untilAccepted(200);
  sleeper.signal('SIGCONT');
  await cluster.untilState(campaign, 'sent');
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent === receiver.accepted.length);

  const { arrived, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(arrived).toEqual([]);
  expect(totals.sent + totals.uncertain).toBe(READERS);
  // The event is written after the entry.
  const late = cluster.store.db.collection<{ _id: string }>('events');
  await cluster.untilTrue(async () => (await late.countDocuments({ _id: /:late$/ })) >= open);
});
