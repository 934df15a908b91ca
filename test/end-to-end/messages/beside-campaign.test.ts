import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { expectMessagesMatchReceiver, isOfMessage, untilAllEnded } from '../../support/end-to-end/message-check.js';
import { aPost, type Posting, postingTo } from '../../support/end-to-end/posting.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';
import type { Step } from '../../support/scripted/smtp-script.js';
import { steered } from '../../support/store/campaigns.js';

const MESSAGES = 30;
/** So many that at twenty a second the campaign outlasts the messages, also on a busy machine. */
const READERS = 700;
let cluster: TestCluster;
let posting: Posting;
/** While it is set, the receiver does not reply to the dots of the campaign's mails. */
let gate: Promise<undefined> | undefined;
/** Ids of all answered requests, by idempotency key. */
const accepted = new Map<string, string>();
beforeAll(async () => {
  // No worker is killed in this test, so long leases only give a busy machine time.
  const slowServer = { smtpDot: 130_000, startToClose: 150_000, resendAfter: 150_000 };
  const times = { lease: 20_000, trust: 14_000, renewEvery: 4_000, ...slowServer };
  const on = (step: Step, id: string) => (step === 'dot' && !isOfMessage(id) ? gate : undefined);
  cluster = await aTestCluster({ script: { on }, times });
  posting = await postingTo(cluster);
  await cluster.worker();
});
afterAll(() => cluster?.close());

const ofMessages = () => cluster.receiver.accepted.filter(({ messageId }) => isOfMessage(messageId)).length;
const ofCampaigns = () => cluster.receiver.accepted.length - ofMessages();

/** Posts messages and waits until each has a final state. */
async function sendMessages(): Promise<void> {
  const posts = Array.from({ length: MESSAGES }, (_, n) => aPost(accepted.size + n));
  for (const [key, id] of await posting.all(posts, 8)) accepted.set(key, id);
  await untilAllEnded(cluster, accepted.size);
  expect((await expectMessagesMatchReceiver(cluster, accepted)).filter(({ state }) => state !== 'sent')).toEqual([]);
}

test('while every lane of a campaign waits for a slow server, messages are sent', async () => {
  let openGate: () => void = () => undefined;
  gate = new Promise((resolve) => {
    openGate = () => resolve(undefined);
  });
  const campaign = await cluster.launch(100);
  await cluster.receiver.untilStep('dot', 6);
  await sendMessages();
  expect([ofMessages(), ofCampaigns()]).toEqual([MESSAGES, 0]);
  openGate();
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals).toMatchObject({ sent: 100 });
});

test('a running campaign does not delay messages, and messages do not delay it', async () => {
  gate = undefined;
  const before = ofCampaigns();
  const campaign = await cluster.launch(READERS, { settings: atRate(20) });
  await cluster.untilTrue(() => ofCampaigns() > before);
  const begun = ofCampaigns();
  await sendMessages();
  const meanwhile = ofCampaigns() - before;
  expect(meanwhile).toBeGreaterThan(begun - before);
  expect(meanwhile).toBeLessThan(READERS);
  steered(await campaigns(cluster.store).changeRate(await cluster.row(campaign), 100_000));
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals).toMatchObject({ sent: READERS, uncertain: 0 });
});
