import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

let world: World;
beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world?.close());

test('a worker told to stop leaves nothing in doubt where the receiver answers', async () => {
  const worker = await world.worker();
  const campaign = await world.launch(700, { settings: atRate(300) });
  await world.receiver.untilAccepted(250);
  expect(await worker.end('SIGTERM')).toBe('0');
  expect(await world.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: 0, deferred: 0 });

  await world.worker();
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent).toBe(700);
});

test('a worker told to stop lists only those in doubt whose mails were not answered at the drain limit', async () => {
  const worker = await world.worker();
  const campaign = await world.launch(300);
  await world.receiver.untilAccepted(100);
  const letGo = world.receiver.hold();
  const all = world.receiver.steps;
  await world.receiver.untilStep('dot', all.dot + 4);
  expect(await worker.end('SIGTERM')).toBe('0');
  const unanswered = all.dot - world.receiver.accepted.length;
  expect(await world.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: unanswered });
  letGo();
  await world.untilTrue(() => world.receiver.accepted.length === all.dot);

  await world.worker();
  await world.untilState(campaign, 'sent');
  const { uncertain, arrived, totals } = await expectHonestLedger(world, campaign);
  expect(uncertain).toHaveLength(unanswered);
  expect(arrived).toEqual(uncertain);
  expect(totals.sent).toBe(300 - unanswered);
});
