import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectLedgerMatchesReceiver } from '../../support/end-to-end/ledger-check.js';
import { aTestCluster, type TestCluster } from '../../support/end-to-end/test-cluster.js';

const QUOTA = '452 4.7.1 Hourly quota exceeded, try again in 2 seconds';
let cluster: TestCluster;
let isOverQuota = false;
let isBusy = false;
let refusals = 0;

beforeAll(async () => {
  const on = (step: string) => {
    if (step !== 'mail' || !isOverQuota) return undefined;
    refusals += 1;
    return QUOTA;
  };
  const onRcpt = (address: string) => (isBusy && /busy/.test(address) ? '421 4.3.2 not now' : undefined);
  cluster = await aTestCluster({ script: { on, onRcpt }, times: { firstRetry: 1_000 } });
  await cluster.worker();
});
afterAll(() => cluster?.close());

test('a server whose quota is exceeded stops the lanes, counts no bounce, and gets the mail afterwards', async () => {
  isOverQuota = true;
  const campaign = await cluster.launch(600);
  await cluster.untilTrue(async () => (await cluster.row(campaign)).reason === 'server_quota_exceeded');
  await cluster.untilAtRest(campaign);
  // What was on its way at the first reply, and few probes.
  expect(refusals).toBeLessThan(150);
  isOverQuota = false;
  await cluster.untilState(campaign, 'sent');
  expect((await expectLedgerMatchesReceiver(cluster, campaign)).totals).toMatchObject({ sent: 600, failed: 0 });
  expect(await cluster.store.db.collection('soft_bounces').countDocuments()).toBe(0);
  expect(await cluster.store.db.collection('suppressions').countDocuments()).toBe(0);
});

test('recipients at a domain that defers do not hold those at another', async () => {
  isBusy = true;
  const draft = await cluster.draft(1_200);
  const subscribers = cluster.store.db.collection<{ _id: number }>('subscribers');
  const own = await subscribers.find({ list_id: draft.list_id }).sort({ _id: 1 }).limit(600).toArray();
  const move = own.map(({ _id }) => {
    const email = `reader${_id}@busy.example`;
    return { updateOne: { filter: { _id }, update: { $set: { email, email_key: email } } } };
  });
  await subscribers.bulkWrite(move);
  const campaign = await cluster.begin(draft);
  await cluster.untilTrue(async () => (await cluster.totals(campaign)).sent === 600);
  expect((await cluster.row(campaign)).reason).toBeNull();
  isBusy = false;
  await cluster.untilState(campaign, 'sent');
  expect((await cluster.totals(campaign)).sent).toBe(1_200);
});
