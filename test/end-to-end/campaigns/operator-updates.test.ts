import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonic } from '../../../clock.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import {
  cancelCampaign,
  changeCampaignRate,
  pauseCampaign,
  resumeCampaign,
  scheduleCampaign,
  sendCampaignNow,
} from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { LONG_LEASE_TIMES } from '../../support/end-to-end/plan.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { steered } from '../../support/store/campaigns.js';

const REFUSED = '554 5.6.0 not this one';
let cluster: TestCluster;
let isStrict = false;
const strict = (address: string) => isStrict && Number(/\d+/.exec(address)) % 20 === 0;

beforeAll(async () => {
  cluster = await aTestCluster({
    script: { onRcpt: (address) => (strict(address) ? REFUSED : undefined) },
    times: LONG_LEASE_TIMES,
  });
  await cluster.worker();
});
afterAll(() => cluster?.close());

const workflowOf = ({ _id }: Campaign) => cluster.client.workflow.getHandle(campaignWorkflowId(_id));

test('an operator pauses, changes the rate and resumes from the Temporal UI; invalid input is refused', async () => {
  const { receiver } = cluster;
  const campaign = await cluster.launch(600, { settings: atRate(100) });
  const operator = workflowOf(campaign);
  await receiver.untilAccepted(100);
  // The receiver holds its replies until the pause, or the campaign could finish before that on a busy machine.
  const letGo = receiver.hold();
  await expect(operator.executeUpdate(changeCampaignRate, { args: [{ per_second: -1 }] })).rejects.toThrow();
  await expect(operator.executeUpdate(changeCampaignRate, { args: [{}] })).rejects.toThrow();
  await expect(operator.executeUpdate(scheduleCampaign, { args: [{ scheduled_at: null }] })).rejects.toThrow();
  await expect(operator.executeUpdate(sendCampaignNow, { args: [{}] })).rejects.toThrow();
  expect(await cluster.row(campaign)).toMatchObject({ state: 'sending', want: { v: 1, rate: null } });

  expect(await operator.executeUpdate(pauseCampaign, { args: [{}] })).toMatchObject({ state: 'paused' });
  const pausedAt = monotonic();
  const atPause = receiver.accepted.length;
  letGo();
  await cluster.untilAtRest(campaign);
  // One window of each lane, plus the mails that the rate allows until the lanes have read the row.
  const seconds = Math.max(1, (monotonic() - pausedAt) / 1_000);
  expect(receiver.accepted.length - atPause).toBeLessThanOrEqual(32 + 100 * seconds);
  const still = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(still.totals.sent).toBe(receiver.accepted.length);
  expect(still.totals.pending).toBeGreaterThan(0);

  await operator.executeUpdate(changeCampaignRate, { args: [{ per_second: 2_000 }] });
  expect(await operator.executeUpdate(resumeCampaign, { args: [{}] })).toMatchObject({ state: 'sending' });
  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals).toMatchObject({ sent: 600, uncertain: 0 });
});

test('a cancelled campaign leaves nothing in flight, a retry takes only the failed recipients, and another the unsent', async () => {
  const { receiver } = cluster;
  isStrict = true;
  const before = receiver.accepted.length;
  const campaign = await cluster.launch(600, { settings: atRate(150) });
  await receiver.untilAccepted(before + 150);
  const letGo = receiver.hold();
  await workflowOf(campaign).executeUpdate(cancelCampaign, { args: [{}] });
  letGo();
  await cluster.untilTrue(async () => (await cluster.row(campaign)).closed_at !== null);
  const cancelled = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(cancelled.totals).toMatchObject({ in_flight: 0, pending: 0, uncertain: 0 });
  expect(cancelled.totals.sent).toBe(receiver.accepted.length - before);
  expect(cancelled.totals.failed).toBeGreaterThan(0);
  expect(cancelled.totals.skipped).toBe(600 - cancelled.totals.sent - cancelled.totals.failed);

  isStrict = false;
  const again = { takes: ['failed'] as const, due: new Date(0) };
  const reopened = steered(await campaigns(cluster.store).reopen(await cluster.row(campaign), again));
  await cluster.notify(reopened);
  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals.sent).toBe(cancelled.totals.sent + cancelled.totals.failed);
  expect(totals).toMatchObject({ failed: 0, skipped: cancelled.totals.skipped });

  const unsent = { takes: ['unsent'] as const, due: new Date(0) };
  await cluster.notify(steered(await campaigns(cluster.store).reopen(await cluster.row(campaign), unsent)));
  await cluster.untilTrue(async () => (await cluster.row(campaign)).state === 'sent');
  const whole = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(whole.totals).toMatchObject({ recipients: 600, sent: 600, failed: 0, skipped: 0 });
});
