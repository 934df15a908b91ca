import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 400;
const BUSY = '451 4.7.1 greylisted, try again later';
let world: World;
let isBusy = true;
/** Every tenth reader's server is busy until the test says otherwise. */
const busy = (address: string) => isBusy && Number(/\d+/.exec(address)) % 10 === 0;

beforeAll(async () => {
  world = await aWorld({
    script: { onRcpt: (address) => (busy(address) ? BUSY : undefined) },
    times: { firstRetry: 3_000 },
  });
});
afterAll(() => world?.close());

test('a worker killed in the round of those who were deferred loses none of them', async () => {
  const { receiver } = world;
  const worker = await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(1_000) });
  await world.untilTrue(async () => (await world.row(campaign)).round === 1);
  isBusy = false;
  expect(receiver.accepted).toHaveLength(READERS * 0.9);
  const letGo = receiver.hold();
  await receiver.untilStep('dot', receiver.steps.dot + 2);
  await worker.end('SIGKILL');
  letGo();

  await world.worker();
  await world.untilState(campaign, 'sent');
  const { uncertain, totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent + uncertain.length).toBe(READERS);
  expect(uncertain.length).toBeGreaterThan(0);
  expect(uncertain.every((id) => id % 10 === 0)).toBe(true);
});
