import { afterAll, beforeAll, expect, test } from 'vitest';
import { recipients } from '../../../store/campaigns/recipients.js';
import { confirmations } from '../../../store/confirmations/confirmations.js';
import type { Subscriber } from '../../../store/subscribers/row.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { atRate } from '../../support/end-to-end/campaign-settings.js';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const READERS = 80;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await aTestCluster();
});
afterAll(() => cluster?.close());

test('subscribers who leave, are suppressed or become pending during a campaign are skipped with a reason', async () => {
  await cluster.worker();
  const campaign = await cluster.launch(READERS, { settings: atRate(20) });
  await cluster.receiver.untilAccepted(3);
  // The receiver holds its replies until all have left, or the campaign could finish before that on a busy machine.
  const letGo = cluster.receiver.hold();
  const rows = await cluster.store.db.collection<Subscriber>('subscribers').find().sort({ _id: -1 }).limit(3).toArray();
  const [left, barred, back] = rows as [Subscriber, Subscriber, Subscriber];
  const { account, list_id } = left;
  const people = subscribers(cluster.store);
  await people.unsubscribeByLink(left._id, { by: 'one_click', campaign: campaign._id });
  await suppressions(cluster.store).add(account, barred.email_key, 'manual', null);
  await people.unsubscribeByLink(back._id, { by: 'one_click', campaign: campaign._id });
  const requests = confirmations(cluster.store);
  const requested = { email: back.email, email_key: back.email_key };
  const request = { account, list_id, requested, language: 'en', source: 'form', ip: null, visitor: null } as const;
  await requests.open(account, (await requests.add(request))._id);
  letGo();

  await cluster.untilState(campaign, 'sent');
  const { totals } = await expectLedgerMatchesReceiver(cluster, campaign);
  expect(totals).toMatchObject({ sent: READERS - 3, skipped: 3 });
  const mailed = cluster.receiver.accepted.flatMap(({ to }) => to);
  for (const { email } of rows) expect(mailed).not.toContain(email);
  const skipped = { account, campaign: campaign._id, status: 'skipped', limit: 10 } as const;
  const { found } = await recipients(cluster.store).list(skipped);
  expect(found.map(({ subscriber_id, class: why }) => [subscriber_id, why])).toEqual([
    [back._id, 'pending'],
    [barred._id, 'suppressed'],
    [left._id, 'unsubscribed'],
  ]);
});
