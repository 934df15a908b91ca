import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../../config.js';
import { findInstalled } from '../../../servers/provision/find-binary.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { steered } from '../../support/store/campaigns.js';

const READERS = 600;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await aTestCluster();
});
afterAll(() => cluster?.close());

async function temporal(...command: string[]): Promise<void> {
  const { path } = await findInstalled('temporal', readConfig());
  const { temporalAddress, namespace } = cluster.place;
  const where = ['--address', temporalAddress, '--namespace', namespace];
  const [code] = await once(spawn(path, [...command, ...where], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  expect(code).toBe(0);
}

test('a campaign terminated from the Temporal CLI is paused as engine_stopped until it is resumed', async () => {
  await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(150) });
  await cluster.receiver.untilAccepted(150);
  // The receiver holds its replies until the pause, or the campaign could finish before that on a busy machine.
  const letGo = cluster.receiver.hold();
  const id = campaignWorkflowId(campaign._id);
  await temporal('workflow', 'terminate', '--workflow-id', id, '--reason', 'terminated by an operator');
  await cluster.untilState(campaign, 'paused');
  expect((await cluster.row(campaign)).reason).toBe('engine_stopped');
  letGo();
  await cluster.untilAtRest(campaign);
  // The row is not due for the sweep until the campaign is resumed.
  await cluster.untilTrue(async () => (await cluster.row(campaign)).sweep_at === null);
  const still = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(still.totals).toMatchObject({ in_flight: 0, uncertain: 0 });
  expect(still.totals.sent).toBe(cluster.receiver.accepted.length);
  expect(still.totals.pending).toBe(READERS - still.totals.sent);
  expect(still.totals.pending).toBeGreaterThan(0);

  const resumed = steered(await campaigns(cluster.store).resume(await cluster.row(campaign)));
  await cluster.notify(resumed);
  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent).toBe(READERS);
});
