import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Child } from '../support/flow/child.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

let world: World;
/** Takes up what the first one left. */
let next: Child;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world?.close());

test('a worker told to stop leaves nothing in doubt where the receiver answers', async () => {
  // As long as a busy machine may need: it ends as soon as nothing is open.
  const patient = { ...world.times, drain: 25_000, shutdownGrace: 35_000 };
  const worker = await world.worker({ times: patient });
  const campaign = await world.launch(500, { settings: atRate(300) });
  await world.receiver.untilAccepted(200);
  expect(await worker.end('SIGTERM')).toBe('0');
  expect(await world.totals(campaign)).toMatchObject({ in_flight: 0, uncertain: 0, deferred: 0 });

  next = await world.worker();
  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals.sent).toBe(500);
});

test('a worker told to stop lists only those in doubt whose mails were not answered at the drain limit', async () => {
  const before = world.receiver.accepted.length;
  const campaign = await world.launch(300);
  await world.receiver.untilAccepted(before + 100);
  const letGo = world.receiver.hold();
  const all = world.receiver.steps;
  await world.receiver.untilStep('dot', all.dot + 4);
  expect(await next.end('SIGTERM')).toBe('0');
  // What has left it may still be read here.
  const unanswered = (await world.totals(campaign)).uncertain;
  await world.untilTrue(() => all.dot - world.receiver.accepted.length === unanswered);
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
