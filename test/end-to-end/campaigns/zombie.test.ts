import { afterAll, beforeAll, expect, test } from 'vitest';
import { owners } from '../../../store/processes/owners.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 600;
let cluster: TestCluster;
beforeAll(async () => {
  // The sleep is longer than this: late replies must still count. No lease ends: the sleeper is taken for dead.
  cluster = await aTestCluster({ times: { smtpDot: 5_000, lease: 400_000 } });
});
afterAll(() => cluster?.close());

async function ownersThat(how: 'live' | 'are dead'): Promise<string[]> {
  const all = await owners(cluster.store).all();
  return all.flatMap(({ _id, dead_at }) => ((dead_at === null) === (how === 'live') ? _id : []));
}

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
  const living = await ownersThat('live');
  expect([await ownersThat('are dead'), living]).toEqual([[expect.any(String)], [expect.any(String)]]);
  sleeper.signal('SIGCONT');
  // It goes on as another owner.
  await cluster.untilTrue(async () => (await ownersThat('live')).length === 2);
  expect(await ownersThat('live')).toEqual(expect.arrayContaining(living));
  await cluster.untilState(campaign, 'sent');
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent === receiver.accepted.length);

  const { arrived, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(arrived).toEqual([]);
  expect(totals.sent + totals.uncertain).toBe(READERS);
  // The event is written after the entry.
  const late = cluster.store.db.collection<{ _id: string }>('events');
  await cluster.untilTrue(async () => (await late.countDocuments({ _id: /:late$/ })) >= open);
});
