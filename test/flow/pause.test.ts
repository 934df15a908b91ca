import { afterAll, beforeAll, expect, test } from 'vitest';
import { pauseCampaign, resumeCampaign } from '../../workflows/messages.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { type OwnServers, ownServers } from '../support/flow/own-servers.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 700;
let servers: OwnServers;
let world: World;
beforeAll(async () => {
  servers = await ownServers();
  world = await aWorld({ servers });
});
afterAll(async () => {
  await world?.close();
  await servers?.close();
});

test('a pause survives a restart of worker, Temporal and MongoDB; a resume then finishes the campaign', async () => {
  const { receiver } = world;
  const worker = await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(150) });
  const operator = world.client.workflow.getHandle(campaignWorkflowId(campaign._id));
  await receiver.untilAccepted(150);
  await operator.executeUpdate(pauseCampaign, { args: [{}] });
  await world.untilAtRest(campaign);
  const sentSoFar = receiver.accepted.length;

  await worker.end('SIGKILL');
  await servers.killTemporal();
  await servers.killMongo();
  await servers.startMongo();
  await servers.startTemporal();
  const { wake_at } = await world.row(campaign);
  await world.worker();
  // The sweep has looked at the campaign and put the next look off.
  await world.untilTrue(async () => (await world.row(campaign)).wake_at?.getTime() !== wake_at?.getTime());
  expect((await world.row(campaign)).state).toBe('paused');
  const still = await expectHonestLedger(world, campaign);
  expect(still.totals).toMatchObject({ sent: sentSoFar, pending: READERS - sentSoFar, uncertain: 0 });
  expect(receiver.accepted).toHaveLength(sentSoFar);

  await operator.executeUpdate(resumeCampaign, { args: [{}] });
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals).toMatchObject({ sent: READERS, uncertain: 0 });
});
