import { afterEach, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../clock.js';
import { FIRST_ACCOUNT } from '../../store/accounts.js';
import { type NewTransport, transports } from '../../store/transports.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
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
  const campaign = await world.launch(600, { settings: atRate(50) });
  await first.untilAccepted(100);
  expect(second.steps.connect).toBe(0);
  await first.close();
  await second.untilAccepted(50);
  const again = await aServer({ port: first.port });
  await again.untilAccepted(50);
  await world.untilState(campaign, 'sent');

  const { totals, uncertain } = await expectHonestLedger(seenBy(first, second, again), campaign);
  expect(totals.sent + uncertain.length).toBe(600);
  // Only what was between its dot and the answer: a socket each.
  expect(uncertain.length).toBeLessThanOrEqual(8);
  expect(world.receiver.steps.connect).toBe(0);
});

test('the rate of a transport holds over the lanes of two campaigns and two workers', async () => {
  const PER_SECOND = 50;
  const arrivals: number[] = [];
  const on = (step: string) => {
    if (step === 'dot') arrivals.push(monotonic());
    return undefined;
  };
  const server = await aServer({ on });
  await aTransport('slow', server.url, 1, { rate_per_second: PER_SECOND });
  await Promise.all([world.worker(), world.worker()]);
  const both = [await world.launch(200), await world.launch(200)];
  for (const campaign of both) {
    await world.untilState(campaign, 'sent');
    expect((await expectHonestLedger(seenBy(server), campaign)).totals.sent).toBe(200);
  }
  // In no two seconds more than three seconds' worth: a slow machine may only be slower.
  const crowded = arrivals.filter((at, i) => (arrivals[i + 3 * PER_SECOND] ?? Number.POSITIVE_INFINITY) - at < 2_000);
  expect(crowded).toEqual([]);
  const overall = ((arrivals.length - 1) / ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0))) * 1_000;
  expect(overall).toBeLessThan(PER_SECOND * 1.1);
  expect(overall).toBeGreaterThan(PER_SECOND * 0.2);
});
