import { afterAll, beforeAll, expect, test } from 'vitest';
import { resumeCampaign } from '../../../workflows/messages/campaign.js';
import { campaignWorkflowId } from '../../../workflows/names.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

let cluster: TestCluster;
let isSenderKnown = false;
let isNoneThere = false;
beforeAll(async () => {
  const on = (step: string) =>
    step === 'mail' && !isSenderKnown ? '550 5.7.26 Unauthenticated mail (DMARC)' : undefined;
  const onRcpt = (address: string) => (isNoneThere && address !== '' ? '550 5.1.1 User unknown' : undefined);
  // Recipients that were refused because of the sender are retried soon.
  cluster = await aTestCluster({ script: { on, onRcpt }, times: { firstRetry: 500 } });
  await cluster.worker();
});
afterAll(() => cluster?.close());

test('a server that refuses the sender pauses the campaign, and every recipient still gets their mail', async () => {
  const campaign = await cluster.launch(300);
  await cluster.untilState(campaign, 'paused');
  await cluster.untilAtRest(campaign);
  expect((await cluster.row(campaign)).reason).toBe('auth_failure');
  expect(await cluster.totals(campaign)).toMatchObject({ sent: 0, failed: 0 });
  expect((await cluster.totals(campaign)).pending).toBeGreaterThan(0);
  // The event is written after the row.
  const pausedEvent = () =>
    cluster.store.db.collection('events').findOne({ campaign: campaign._id, type: 'campaign.paused' });
  await cluster.untilTrue(async () => (await pausedEvent()) !== null);
  expect((await pausedEvent())?.['data']).toMatchObject({ reason: 'auth_failure' });

  isSenderKnown = true;
  await cluster.client.workflow
    .getHandle(campaignWorkflowId(campaign._id))
    .executeUpdate(resumeCampaign, { args: [{}] });
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals).toMatchObject({ sent: 300, failed: 0 });
});

test('a campaign pauses within its pages if no address exists, and not before there is evidence', async () => {
  isNoneThere = true;
  const campaign = await cluster.launch(900);
  await cluster.untilState(campaign, 'paused');
  await cluster.untilAtRest(campaign);
  expect((await cluster.row(campaign)).reason).toBe('bounce_rate');
  const totals = await cluster.totals(campaign);
  expect(totals.failed).toBeGreaterThanOrEqual(50);
  expect(totals.pending).toBeGreaterThan(450);
});
