import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 600;
let world: World;
beforeAll(async () => {
  // Shorter than the sleep, which outlasts a lease of 6 s: the answers must count although their time is over.
  world = await aWorld({ times: { smtpDot: 5_000 } });
});
afterAll(() => world?.close());

test('a worker that wakes after another took over mails nobody again, and its late answers settle doubts', async () => {
  const { receiver } = world;
  const sleeper = await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(400) });
  await receiver.untilAccepted(100);
  const letGo = receiver.hold();
  await receiver.untilStep('dot', receiver.steps.dot + 4);
  sleeper.signal('SIGSTOP');
  const open = receiver.steps.dot - receiver.accepted.length;
  // The replies wait in the sockets of a process that does not run.
  letGo();
  await world.untilTrue(() => receiver.accepted.length === receiver.steps.dot);

  await world.worker();
  await world.untilTrue(async () => (await world.totals(campaign)).uncertain >= open);
  await receiver.untilAccepted(200);
  sleeper.signal('SIGCONT');
  await world.untilState(campaign, 'sent');
  await world.untilTrue(async () => (await world.totals(campaign)).sent === receiver.accepted.length);

  const { arrived, totals } = await expectHonestLedger(world, campaign);
  expect(arrived).toEqual([]);
  expect(totals.sent + totals.uncertain).toBe(READERS);
  // The event follows the entry.
  const late = world.store.db.collection<{ _id: string }>('events');
  await world.untilTrue(async () => (await late.countDocuments({ _id: /:late$/ })) >= open);
});
