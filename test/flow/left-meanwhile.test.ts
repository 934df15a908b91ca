import { afterAll, beforeAll, expect, test } from 'vitest';
import { confirmations } from '../../store/confirmations.js';
import { recipients } from '../../store/recipients.js';
import { type Subscriber, subscribers } from '../../store/subscribers.js';
import { suppressions } from '../../store/suppressions.js';
import { expectHonestLedger } from '../support/flow/honest-ledger.js';
import { atRate } from '../support/flow/settings.js';
import { aWorld, type World } from '../support/flow/world.js';

const READERS = 80;
let world: World;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world?.close());

test('whoever leaves, is suppressed or waits to confirm while a campaign goes out is not mailed, and it says why', async () => {
  await world.worker();
  const campaign = await world.launch(READERS, { settings: atRate(20) });
  await world.receiver.untilAccepted(3);
  // Nothing more is answered until everybody has left: on a busy machine the campaign would be through before.
  const letGo = world.receiver.hold();
  const rows = await world.store.db.collection<Subscriber>('subscribers').find().sort({ _id: -1 }).limit(3).toArray();
  const [left, barred, back] = rows as [Subscriber, Subscriber, Subscriber];
  const { account, list_id } = left;
  const people = subscribers(world.store);
  await people.leaveByLink(left._id, { by: 'one_click', campaign: campaign._id });
  await suppressions(world.store).add(account, barred.email_key, 'manual', null);
  await people.leaveByLink(back._id, { by: 'one_click', campaign: campaign._id });
  const asking = confirmations(world.store);
  const wish = { email: back.email, email_key: back.email_key };
  const request = { account, list_id, wish, language: 'en', source: 'form', ip: null, visitor: null } as const;
  await asking.open(account, (await asking.ask(request))._id);
  letGo();

  await world.untilState(campaign, 'sent');
  const { totals } = await expectHonestLedger(world, campaign);
  expect(totals).toMatchObject({ sent: READERS - 3, skipped: 3 });
  const mailed = world.receiver.accepted.flatMap(({ to }) => to);
  for (const { email } of rows) expect(mailed).not.toContain(email);
  const skipped = { account, campaign: campaign._id, status: 'skipped', limit: 10 } as const;
  const { found } = await recipients(world.store).list(skipped);
  expect(found.map(({ subscriber_id, class: why }) => [subscriber_id, why])).toEqual([
    [back._id, 'pending'],
    [barred._id, 'suppressed'],
    [left._id, 'unsubscribed'],
  ]);
});
