import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 700;
let world: World;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world?.close());

test('a campaign whose worker is killed again and again loses nobody and mails nobody twice', async () => {
  let worker = await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(200) });
  for (const share of [0.1, 0.35, 0.6]) {
    await world.receiver.untilAccepted(Math.floor(READERS * (share + Math.random() / 5)));
    await worker.end('SIGKILL');
    worker = await world.worker();
  }
  await world.untilState(campaign, 'sent');

  const { uncertain, totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent + uncertain.length).toBe(READERS);
  // PROTOCOL "Bound on uncertain": 4 × 8 connections a kill.
  expect(uncertain.length).toBeLessThanOrEqual(3 * 32);
});
