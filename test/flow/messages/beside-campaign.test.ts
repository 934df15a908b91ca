import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectHonestLedger } from '../../support/flow/honest-ledger.js';
import { expectHonestMessages, isOfMessage, untilAllEnded } from '../../support/flow/honest-messages.js';
import { aPost, type Posting, postingTo } from '../../support/flow/posting.js';
import { atRate } from '../../support/flow/settings.js';
import { aWorld, type World } from '../../support/flow/world.js';

const MESSAGES = 80;
let world: World;
let posting: Posting;
/** While it is there, no dot of a campaign's mail is answered. */
let gate: Promise<undefined> | undefined;
let openGate: () => void;
beforeEach(async () => {
  world = await aWorld({ script: { on: (step, id) => (step === 'dot' && !isOfMessage(id) ? gate : undefined) } });
  posting = await postingTo(world);
  await world.worker();
});
afterEach(() => world?.close());

const closeGate = () => {
  gate = new Promise((resolve) => {
    openGate = () => resolve(undefined);
  });
};
const posts = () => Array.from({ length: MESSAGES }, (_, n) => aPost(n));
const ofMessages = () => world.receiver.accepted.filter(({ messageId }) => isOfMessage(messageId)).length;
const ofCampaign = () => world.receiver.accepted.length - ofMessages();

test('where every lane of a campaign waits for a slow server, messages go their way', async () => {
  closeGate();
  const campaign = await world.launch(400);
  await world.receiver.untilStep('dot', 6);
  const ids = await posting.all(posts(), 8);
  await untilAllEnded(world, MESSAGES);
  expect([ofMessages(), ofCampaign()]).toEqual([MESSAGES, 0]);
  openGate();
  await world.untilState(campaign, 'sent');
  expect((await expectHonestMessages(world, ids)).every(({ state }) => state === 'sent')).toBe(true);
  expect((await expectHonestLedger(world, campaign)).totals).toMatchObject({ sent: 400 });
});

test('a campaign in full swing does not hold up messages, and they do not hold it up', async () => {
  gate = undefined;
  const campaign = await world.launch(4_000, { settings: atRate(200) });
  await world.receiver.untilAccepted(200);
  const ids = await posting.all(posts(), 8);
  await untilAllEnded(world, MESSAGES);
  const meanwhile = ofCampaign();
  expect(meanwhile).toBeGreaterThan(200);
  expect(meanwhile).toBeLessThan(4_000);
  await expectHonestMessages(world, ids);
  await world.untilState(campaign, 'sent');
  expect((await expectHonestLedger(world, campaign)).totals).toMatchObject({ sent: 4_000, uncertain: 0 });
});
