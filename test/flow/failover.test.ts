import { afterEach, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { FIRST_ACCOUNT } from '../../store/accounts.js';
import { campaigns } from '../../store/campaigns.js';
import { type NewTransport, transports } from '../../store/transports.js';
import { steered } from '../support/campaigns.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { expectPace } from '../support/flow/pace.js';
import { SECRET } from '../support/flow/plan.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';
import { type SmtpServer, smtpServer } from '../support/smtp-server.js';

let world: World;
const servers: SmtpServer[] = [];
beforeEach(async () => {
  world = await aWorld();
});
afterEach(async () => {
  await world?.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function aServer(...script: Parameters<typeof smtpServer>): Promise<SmtpServer> {
  const server = await smtpServer(...script);
  servers.push(server);
  return server;
}

const settings = { connections: 8, enabled: true, purpose: 'bulk', rate_per_second: null } as const;
const aTransport = (name: string, url: string, priority: number, over: Partial<NewTransport> = {}) =>
  transports(world.store, SECRET).create(FIRST_ACCOUNT, { ...settings, name, url, priority, ...over });

/** The world as if all servers were one receiver. */
const seenBy = (...all: SmtpServer[]): World => ({
  ...world,
  receiver: { ...world.receiver, accepted: all.flatMap(({ accepted }) => accepted) },
});

test('a transport dies in mid-campaign and comes back: nobody is lost, nobody is mailed twice', async () => {
  const [first, second] = [await smtpServer(), await aServer()];
  await aTransport('first', first.url, 1);
  await aTransport('second', second.url, 2);
  await world.worker();
  const campaign = await world.launch(500, { settings: atRate(50) });
  const changeRate = async (perSecond: number) =>
    steered(await campaigns(world.store).changeRate(await world.row(campaign), perSecond));
  await first.untilAccepted(100);
  expect(second.steps.connect).toBe(0);
  await first.close();
  await second.untilAccepted(50);
  // However late it is seen on a busy machine that the first is back, there is mail left for it.
  await changeRate(10);
  const again = await aServer({ port: first.port });
  await again.untilAccepted(10);
  await changeRate(2_000);
  await world.untilState(campaign, 'sent');

  const { totals, uncertain } = await expectHonestLedger(seenBy(first, second, again), campaign);
  expect(totals.sent + uncertain.length).toBe(500);
  // Only what was between its dot and the answer: a socket each.
  expect(uncertain.length).toBeLessThanOrEqual(8);
  expect(world.receiver.steps.connect).toBe(0);
});

test('the rate of a transport holds over the lanes of two campaigns and two workers', async () => {
  const PER_SECOND = 50;
  const READERS = 120;
  const arrivals: number[] = [];
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  const server = await aServer({ on });
  await aTransport('slow', server.url, 1, { rate_per_second: PER_SECOND });
  await Promise.all([world.worker(), world.worker()]);
  const both = [await world.launch(READERS), await world.launch(READERS)];
  for (const campaign of both) {
    await world.untilState(campaign, 'sent');
    expect((await expectHonestLedger(seenBy(server), campaign)).totals.sent).toBe(READERS);
  }
  // The window of a lane is 16 mails: four on each of its four connections.
  expectPace(arrivals, PER_SECOND, 2 * 16);
});
