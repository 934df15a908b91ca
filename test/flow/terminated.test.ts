import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../config.js';
import { findInstalled } from '../../servers/find.js';
import { campaigns } from '../../store/campaigns.js';
import { campaignWorkflowId } from '../../workflows/names.js';
import { steered } from '../support/campaigns.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 600;
let world: World;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world?.close());

async function temporal(...command: string[]): Promise<void> {
  const { path } = await findInstalled('temporal', readConfig());
  const { temporalAddress, namespace } = world.place;
  const where = ['--address', temporalAddress, '--namespace', namespace];
  const [code] = await once(spawn(path, [...command, ...where], { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
  expect(code).toBe(0);
}

test('a campaign terminated from the Temporal CLI stands still as engine_stopped until it is resumed', async () => {
  await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(150) });
  await world.receiver.untilAccepted(150);
  // Nothing more is answered until it stands still: on a busy machine the campaign would be through before.
  const letGo = world.receiver.hold();
  const id = campaignWorkflowId(campaign._id);
  await temporal('workflow', 'terminate', '--workflow-id', id, '--reason', 'an operator meant it');
  await world.untilState(campaign, 'paused');
  expect((await world.row(campaign)).reason).toBe('engine_stopped');
  letGo();
  await world.untilAtRest(campaign);
  // The row rests: the sweep owes it nothing as long as nobody resumes it.
  await world.untilTrue(async () => (await world.row(campaign)).wake_at === null);
  const still = await expectHonestLedger(world, campaign);
  expect(still.totals).toMatchObject({ in_flight: 0, uncertain: 0 });
  expect(still.totals.sent).toBe(world.receiver.accepted.length);
  expect(still.totals.pending).toBe(READERS - still.totals.sent);
  expect(still.totals.pending).toBeGreaterThan(0);

  const resumed = steered(await campaigns(world.store).resume(await world.row(campaign)));
  await world.wake(resumed);
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent).toBe(READERS);
});
