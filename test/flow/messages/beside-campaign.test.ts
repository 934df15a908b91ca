import { afterAll, beforeAll, expect, test } from 'vitest';
import { campaigns } from '../../../store/campaigns.js';
import { steered } from '../../support/campaigns.js';
import { expectHonestLedger } from '../../support/flow/honest-ledger.js';
import { expectHonestMessages, isOfMessage, untilAllEnded } from '../../support/flow/honest-messages.js';
import { aPost, type Posting, postingTo } from '../../support/flow/posting.js';
import { atRate } from '../../support/flow/settings.js';
import { aWorld, type World } from '../../support/flow/world.js';
import type { Step } from '../../support/smtp-server.js';

const MESSAGES = 30;
/** So many that at twenty a second they outlast the messages on a busy machine too. */
const READERS = 700;
let world: World;
let posting: Posting;
/** While it is there, no dot of a campaign's mail is answered. */
let gate: Promise<undefined> | undefined;
/** Ids by key of all that was answered. */
const accepted = new Map<string, string>();
beforeAll(async () => {
  // Nobody dies here whose claim others should wait for: time for a busy machine.
  const slowServer = { smtpDot: 130_000, startToClose: 150_000, resendAfter: 150_000 };
  const times = { lease: 20_000, trust: 14_000, renewEvery: 4_000, ...slowServer };
  const on = (step: Step, id: string) => (step === 'dot' && !isOfMessage(id) ? gate : undefined);
  world = await aWorld({ script: { on }, times });
  posting = await postingTo(world);
  await world.worker();
});
afterAll(() => world?.close());

const ofMessages = () => world.receiver.accepted.filter(({ messageId }) => isOfMessage(messageId)).length;
const ofCampaigns = () => world.receiver.accepted.length - ofMessages();

/** Posts messages and waits until each has come to its end. */
async function sendMessages(): Promise<void> {
  const posts = Array.from({ length: MESSAGES }, (_, n) => aPost(accepted.size + n));
  for (const [key, id] of await posting.all(posts, 8)) accepted.set(key, id);
  await untilAllEnded(world, accepted.size);
  expect((await expectHonestMessages(world, accepted)).filter(({ state }) => state !== 'sent')).toEqual([]);
}

test('where every lane of a campaign waits for a slow server, messages go their way', async () => {
  let openGate: () => void = () => undefined;
  gate = new Promise((resolve) => {
    openGate = () => resolve(undefined);
  });
  const campaign = await world.launch(100);
  await world.receiver.untilStep('dot', 6);
  await sendMessages();
  expect([ofMessages(), ofCampaigns()]).toEqual([MESSAGES, 0]);
  openGate();
  await world.untilState(campaign, 'sent');
  expect((await expectHonestLedger(world, campaign)).totals).toMatchObject({ sent: 100 });
});

test('a campaign in full swing does not hold up messages, and they do not hold it up', async () => {
  gate = undefined;
  const before = ofCampaigns();
  const campaign = await world.launch(READERS, { settings: atRate(20) });
  await world.untilTrue(() => ofCampaigns() > before);
  const begun = ofCampaigns();
  await sendMessages();
  const meanwhile = ofCampaigns() - before;
  expect(meanwhile).toBeGreaterThan(begun - before);
  expect(meanwhile).toBeLessThan(READERS);
  steered(await campaigns(world.store).changeRate(await world.row(campaign), 100_000));
  await world.untilState(campaign, 'sent');
  expect((await expectHonestLedger(world, campaign)).totals).toMatchObject({ sent: READERS, uncertain: 0 });
});
