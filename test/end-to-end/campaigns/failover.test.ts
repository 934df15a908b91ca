import { afterEach, beforeEach, expect, test } from 'vitest';
import { monotonic } from '../../../clock.js';
import { FIRST_ACCOUNT } from '../../../store/accounts/accounts.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { type NewTransport, transports } from '../../../store/transports/transports.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { SECRET } from '../../support/end-to-end/plan.js';
import { expectRate } from '../../support/end-to-end/rate-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { type SmtpServer, smtpServer } from '../../support/scripted/smtp-server.js';
import { steered } from '../../support/store/campaigns.js';

let cluster: TestCluster;
const servers: SmtpServer[] = [];
beforeEach(async () => {
  cluster = await aTestCluster();
});
afterEach(async () => {
  await cluster?.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function aServer(...script: Parameters<typeof smtpServer>): Promise<SmtpServer> {
  const server = await smtpServer(...script);
  servers.push(server);
  return server;
}

const settings = { connections: 8, enabled: true, purpose: 'bulk', rate_per_second: null } as const;
const aTransport = (name: string, url: string, priority: number, over: Partial<NewTransport> = {}) =>
  transports(cluster.store, SECRET).create(FIRST_ACCOUNT, { ...settings, name, url, priority, ...over });

/** All servers as one receiver. */
const seenBy = (...all: SmtpServer[]): TestCluster => ({
  ...cluster,
  receiver: { ...cluster.receiver, accepted: all.flatMap(({ accepted }) => accepted) },
});

test('a transport fails during a campaign and comes back: no recipient is lost or mailed twice', async () => {
  const [first, second] = [await smtpServer(), await aServer()];
  await aTransport('first', first.url, 1);
  await aTransport('second', second.url, 2);
  await cluster.worker();
  const campaign = await cluster.launch(500, { settings: atRate(50) });
  const changeRate = async (perSecond: number) =>
    steered(await campaigns(cluster.store).changeRate(await cluster.row(campaign), perSecond));
  await first.untilAccepted(100);
  expect(second.steps.connect).toBe(0);
  await first.close();
  await second.untilAccepted(50);
  // Enough mail remains for the first transport, even if a busy machine detects its recovery late.
  await changeRate(10);
  const again = await aServer({ port: first.port });
  await again.untilAccepted(10);
  await changeRate(2_000);
  await cluster.untilState(campaign, 'sent');

  const { totals, uncertain } = await expectLedgerMatchesReceiver(seenBy(first, second, again), campaign);
  expect(totals.sent + uncertain.length).toBe(500);
  // At most one mail per socket: those between their dot and the reply.
  expect(uncertain.length).toBeLessThanOrEqual(8);
  expect(cluster.receiver.steps.connect).toBe(0);
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
  await Promise.all([cluster.worker(), cluster.worker()]);
  const both = [await cluster.launch(READERS), await cluster.launch(READERS)];
  for (const campaign of both) {
    await cluster.untilState(campaign, 'sent');
    expect((await expectLedgerMatchesReceiver(seenBy(server), campaign)).totals.sent).toBe(READERS);
  }
  // The window of a lane is 16 mails: four on each of its four connections.
  expectRate(arrivals, PER_SECOND, 2 * 16);
});
