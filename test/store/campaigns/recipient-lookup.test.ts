import { expect, test } from 'vitest';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import { openStore } from '../../../store/mongo/connect.js';
import { testDatabase } from '../../support/servers/test-servers.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
const account = 7;
const campaignOf = (_id: number) => ({ _id, account, launch: 1 });
const statusOf = async (campaign: number, subscriber: number) =>
  (await recipients(store).find(campaignOf(campaign), subscriber))?.status;

/** Three pages of five recipients, and an empty page of another campaign, as a frozen chain has them. */
async function aChain(campaign: number): Promise<void> {
  const key = (id: number) => ({ account, campaign: id, launch: 1, round: 0 });
  await rounds(store).addPages(key(campaign), 0, [
    { ids: [2, 4, 6, 8, 10], last: false },
    { ids: [12, 14, 16, 18, 20], last: false },
    { ids: [22, 24], last: true },
  ]);
  await rounds(store).endChain(key(campaign + 1));
}

test('a recipient is found on the page with the highest first id up to theirs; between and beyond there is none', async () => {
  await aChain(10);
  for (const id of [2, 10, 12, 16, 24]) expect([id, await statusOf(10, id)]).toEqual([id, 'pending']);
  for (const id of [1, 3, 11, 21, 25]) expect([id, await statusOf(10, id)]).toEqual([id, undefined]);
  expect(await recipients(store).find({ ...campaignOf(10), account: 8 }, 2)).toBeUndefined();
  expect(await recipients(store).find({ ...campaignOf(10), launch: 2 }, 2)).toBeUndefined();
  expect(await recipients(store).find(campaignOf(11), 2)).toBeUndefined();
});

test('one seek in an index finds the page, also where a round has an empty page', async () => {
  await aChain(20);
  const asked = { account, campaign: 20, launch: 1, round: 0, first_id: { $lte: 15 } };
  const ledger = store.ledger.collection<LedgerPage>('ledger');
  const plan = await ledger.find(asked).sort({ first_id: -1 }).limit(1).explain('executionStats');
  expect(JSON.stringify(plan['queryPlanner'].winningPlan)).not.toContain('"SORT"');
  expect(plan['executionStats']).toMatchObject({ totalKeysExamined: 1, totalDocsExamined: 1 });
});

test('pages of an earlier version, which have no first id, are read too, beside newer ones', async () => {
  const page = { account, campaign: 30, last: false };
  await insertPages(store, [
    aPage({ ...page, ids: [2, 4], settled: 2, claimed: 2, exceptions: [anException({ i: 1, kind: 'failed' })] }),
    aPage({ ...page, page: 1, ids: [6, 8] }),
  ]);
  await rounds(store).addPages({ account, campaign: 30, launch: 1, round: 0 }, 2, [{ ids: [10, 12], last: true }]);
  const statuses = await Promise.all([2, 4, 8, 10, 5, 13].map((id) => statusOf(30, id)));
  expect(statuses).toEqual(['sent', 'failed', 'pending', 'pending', undefined, undefined]);
});

test('the round that took a recipient decides; until it has a page for them, the recipient is deferred', async () => {
  const page = { account, campaign: 40, settled: 2, claimed: 2, done: true };
  const exceptions = [0, 1].map((i) => anException({ i, kind: 'deferred', class: 'greylisted', code: '451', next: 1 }));
  await insertPages(store, [aPage({ ...page, ids: [2, 4], first_id: 2, exceptions })]);
  await rounds(store).addPages({ account, campaign: 40, launch: 1, round: 1 }, 0, [{ ids: [2], last: false }]);
  await store.ledger
    .collection<LedgerPage>('ledger')
    .updateOne({ campaign: 40, round: 1 }, { $set: { settled: 1, claimed: 1 } });
  expect(await recipients(store).find(campaignOf(40), 2)).toMatchObject({ round: 1, status: 'sent', attempts: 2 });
  expect(await recipients(store).find(campaignOf(40), 4)).toMatchObject({
    ...{ round: 0, status: 'deferred', attempts: 1 },
    ...{ class: 'greylisted', code: '451', reply: 'no such user' },
  });
});

test('an index of an earlier version is dropped at the next start', async () => {
  const { url, name, drop } = await testDatabase();
  const first = await openStore({ url, database: name });
  await first.db.collection('ledger').createIndex({ campaign: 1, launch: 1, round: 1, 'ids.0': 1 });
  const again = await openStore({ url, database: name });
  const left = (await again.db.collection('ledger').indexes()).map((index) => index.name);
  expect(left).toContain('campaign_1_launch_1_round_1_first_id_1');
  expect(left).not.toContain('campaign_1_launch_1_round_1_ids.0_1');
  await Promise.all([first.close(), again.close()]);
  await drop();
});
