import { afterEach, expect, test } from 'vitest';
import { resumeCampaign } from '../../workflows/messages.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

let world: World;
afterEach(() => world?.close());

test('a server that refuses the sender pauses the campaign and costs nobody their mail', async () => {
  let listed = false;
  const refusal = (step: string) =>
    step === 'mail' && !listed ? '550 5.7.26 Unauthenticated mail (DMARC)' : undefined;
  world = await aWorld({ script: { on: refusal } });
  await world.worker();
  const campaign = await world.launch(300);
  await world.untilState(campaign, 'paused');
  await world.untilAtRest(campaign);
  expect((await world.row(campaign)).reason).toBe('auth_failure');
  expect(await world.totals(campaign)).toMatchObject({ sent: 0, failed: 0 });
  expect((await world.totals(campaign)).pending).toBeGreaterThan(0);
  const told = await world.store.db.collection('events').findOne({ campaign: campaign._id, type: 'campaign.paused' });
  expect(told?.['data']).toMatchObject({ reason: 'auth_failure' });

  listed = true;
  await world.client.workflow.getHandle(campaignWorkflowId(campaign._id)).executeUpdate(resumeCampaign, { args: [{}] });
  await world.untilState(campaign, 'sent');
  expect((await expectHonestLedger(world, campaign)).totals).toMatchObject({ sent: 300, failed: 0 });
});

test('a list on which one in ten is gone is not mailed to its end', async () => {
  const onRcpt = (address: string) => (/0@/.test(address) ? '550 5.1.1 User unknown' : undefined);
  world = await aWorld({ script: { onRcpt } });
  await world.worker();
  const campaign = await world.launch(2_500, { settings: atRate(400) });
  await world.untilState(campaign, 'paused');
  await world.untilAtRest(campaign);
  expect((await world.row(campaign)).reason).toBe('bounce_rate');
  const totals = await world.totals(campaign);
  expect(totals.sent + totals.failed).toBeGreaterThanOrEqual(1_000);
  expect(totals.pending).toBeGreaterThan(0);
});
