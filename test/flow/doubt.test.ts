import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CampaignSettings } from '../../store/campaigns.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 300;
let world: World;
beforeAll(async () => {
  world = await aWorld({ times: { smtpDot: 5_000, resendAfter: 6_000 } });
});
afterAll(() => world?.close());

/** A campaign whose worker dies when a window is handed over and not one reply to a dot has come back. */
async function killedBeforeTheReplies(settings: CampaignSettings) {
  const { receiver } = world;
  const worker = await world.worker();
  const begun = receiver.accepted.length;
  const campaign = await world.launch(READERS, { settings });
  await receiver.untilAccepted(begun + 60);
  const letGo = receiver.hold();
  await receiver.untilStep('dot', receiver.steps.dot + 4);
  await worker.end('SIGKILL');
  const open = receiver.steps.dot - receiver.accepted.length;
  letGo();
  await world.untilTrue(() => receiver.accepted.length === receiver.steps.dot);
  return { campaign, held: receiver.accepted.slice(-open).map(({ to }) => Number(to[0]?.match(/\d+/)?.[0])) };
}

test('mails handed over by a worker that died before it knew are in doubt by name, and never mailed again', async () => {
  const { campaign, held } = await killedBeforeTheReplies(atRate(2_000));
  const worker = await world.worker();
  await world.untilState(campaign, 'sent');
  await worker.end('SIGTERM');

  const { uncertain, arrived, totals } = await expectHonestLedger(world, campaign);
  expect(arrived).toEqual(expect.arrayContaining(held));
  expect(uncertain.length).toBeLessThanOrEqual(32);
  expect(totals.sent).toBe(READERS - uncertain.length);
  expect((await world.row(campaign)).rounds).toHaveLength(1);
});

test('where the campaign says so they are mailed once more, later, as the same message', async () => {
  const { campaign, held } = await killedBeforeTheReplies(atRate(2_000, { on_uncertain: 'resend' }));
  await world.worker();
  await world.untilState(campaign, 'sent');

  const { uncertain, totals } = await expectHonestLedger(world, campaign);
  expect(uncertain).toEqual([]);
  expect(totals.sent).toBe(READERS);
  const copies = held.map((id) => world.receiver.accepted.filter(({ to }) => to[0] === `reader${id}@example.test`));
  expect(copies.map((mails) => mails.length)).toEqual(held.map(() => 2));
  const { rounds } = await world.row(campaign);
  expect(rounds.map(({ takes }) => takes)).toEqual([[], ['uncertain']]);
  expect(rounds.map(({ due }) => due.getTime())).toEqual([...rounds.map(({ due }) => due.getTime())].sort());
});
