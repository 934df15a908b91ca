import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import { steered } from '../../support/store/campaigns.js';

const READERS = 200;

/** A campaign whose worker was killed, and the recipients whose mails it had handed over without a reply to the dot. */
interface InterruptedCampaign {
  readonly campaign: Campaign;
  readonly held: readonly number[];
}

let cluster: TestCluster;
let holding: InterruptedCampaign;
let resending: InterruptedCampaign;
const dots: string[] = [];

/** One worker is killed with mails of both campaigns at the receiver; another continues both. */
beforeAll(async () => {
  const on = (step: string, messageId: string) => {
    if (step === 'dot') dots.push(messageId);
    return undefined;
  };
  cluster = await aTestCluster({ script: { on }, times: { smtpDot: 5_000, resendAfter: 9_500 } });
  const { receiver } = cluster;
  const worker = await cluster.worker();
  // Neither campaign uses all connections: a claim is three mails.
  const slowly = atRate(12);
  const one = await cluster.launch(READERS, { settings: slowly });
  const other = await cluster.launch(READERS, { settings: { ...slowly, on_uncertain: 'resend' } });
  const both = [one, other];
  const accepted = () => receiver.accepted.map(({ messageId }) => messageId);
  await cluster.untilTrue(() => both.every((campaign) => readersIn(accepted(), campaign).length > 5));
  const letGo = receiver.hold();
  const before = receiver.accepted.length;
  await cluster.untilTrue(() => both.every((campaign) => readersIn(dots.slice(before), campaign).length > 1));
  await worker.end('SIGKILL');
  letGo();
  await cluster.untilTrue(() => receiver.accepted.length === receiver.steps.dot);
  const torn = (campaign: Campaign): InterruptedCampaign => ({
    campaign,
    held: readersIn(accepted().slice(before), campaign),
  });
  holding = torn(one);
  resending = torn(other);

  for (const campaign of both) {
    steered(await campaigns(cluster.store).changeRate(await cluster.row(campaign), 2_000));
  }
  await cluster.worker();
});
afterAll(() => cluster?.close());

/** The recipients of a campaign's mails. A Message-ID begins with the numbers of campaign and recipient. */
function readersIn(messageIds: readonly string[], { _id }: Campaign): number[] {
  return messageIds.filter((id) => id.startsWith(`<${_id}.`)).map((id) => Number(id.split('.')[1]));
}

test('recipients of mails without a known reply are listed as uncertain and are not mailed again', async () => {
  const { campaign, held } = holding;
  await cluster.untilState(campaign, 'sent');

  const { uncertain, arrived, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(arrived).toEqual(expect.arrayContaining([...held]));
  expect(uncertain.length).toBeLessThanOrEqual(32);
  expect(totals.sent).toBe(READERS - uncertain.length);
  expect((await cluster.row(campaign)).rounds).toHaveLength(1);
});

test('with `on_uncertain: resend` they are mailed once more, later, with the same Message-ID', async () => {
  const { campaign, held } = resending;
  await cluster.untilState(campaign, 'sent');

  const { uncertain, totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(uncertain).toEqual([]);
  expect(totals.sent).toBe(READERS);
  const copies = held.map((id) => cluster.receiver.accepted.filter(({ to }) => to[0] === `reader${id}@example.test`));
  expect(copies.map((mails) => mails.length)).toEqual(held.map(() => 2));
  const { rounds } = await cluster.row(campaign);
  expect(rounds.map(({ takes }) => takes)).toEqual([[], ['uncertain']]);
  expect(rounds.map(({ due }) => due.getTime())).toEqual([...rounds.map(({ due }) => due.getTime())].sort());
});
