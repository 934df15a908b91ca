import { expect, test } from 'vitest';
import { audienceActivities } from '../../../activities/campaign/audience.js';
import { now } from '../../../clock.js';
import { newApproval } from '../../../domain/campaign/approval.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { subscribers } from '../../../store/subscribers/subscribers.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const freeze = (input: { account: number; campaign: number; launch: number }, obstacle?: string) =>
  audienceActivities({
    campaigns: campaigns(store),
    campaignProgress: campaignProgress(store),
    rounds: rounds(store),
    subscribers: subscribers(store),
    suppressions: suppressions(store),
    letters: { senderOf: async () => ({ name: null, email: 'news@example.test' }) },
    checkRound: async () => obstacle,
    heartbeat: () => {},
  }).freezeAudience(input);

/** Cancelled between the mark of round 1 and its first page. */
async function cancelledInRoundOne() {
  const draft = await aDraft(store, 2);
  const { account, _id: campaign } = draft;
  const { launch = 0 } = (await campaigns(store).launch(draft)) ?? {};
  const input = { account, campaign, launch };
  const progress = campaignProgress(store);
  await progress.openRound(input, 0, { takes: [], due: now() }, { up_to: 2, sender: null });
  await progress.completeFreeze(input, 2);
  const exceptions = [anException({ i: 0, kind: 'deferred' }), anException({ i: 1, kind: 'failed' })];
  await insertPages(store, [
    aPage({ account, campaign, ids: [1, 2], settled: 2, claimed: 2, exceptions: exceptions, published: 2, done: true }),
  ]);
  await progress.openRound(input, 1, { takes: ['deferred'], due: now() });
  await rounds(store).mark({ account, campaign, launch, round: 1 }, ['deferred']);
  await campaigns(store).cancel((await campaigns(store).find(account, campaign)) as Campaign);
  return input;
}

const pagesOfRound1 = (campaign: number) =>
  store.ledger.collection<LedgerPage>('ledger').find({ campaign, round: 1 }).toArray();

test('a marked round is completed also after a cancel: every marked recipient has a page', async () => {
  const input = await cancelledInRoundOne();
  await freeze(input);
  expect(await pagesOfRound1(input.campaign)).toMatchObject([{ ids: [1], last: true, done: false }]);
});

test('an audience is frozen only after the approval of the letter that would be sent', async () => {
  const draft = await aDraft(store, 2, { approval: newApproval(72) });
  const { account, _id: campaign } = draft;
  const asking = (await campaigns(store).launch(draft)) as Campaign;
  const input = { account, campaign, launch: asking.launch };
  await campaignProgress(store).recordRendered(input, asking.revision, { rendered: 'a hash' });
  const seen = (await campaigns(store).find(account, campaign)) as Campaign;
  await campaigns(store).approve(seen, { member: null, comment: null });
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  await rows.updateOne({ _id: campaign }, { $set: { rendered: 'another' } });
  await expect(freeze(input)).rejects.toThrow('no approval');
  await rows.updateOne({ _id: campaign }, { $set: { rendered: 'a hash' } });
  await freeze(input);
  expect(await campaigns(store).find(account, campaign)).toMatchObject({ state: 'sending', recipient_count: 2 });
});

test('a freeze after the cancel was settled creates no page', async () => {
  const input = await cancelledInRoundOne();
  await campaignProgress(store).closeCancelled(input);
  await freeze(input);
  expect(await pagesOfRound1(input.campaign)).toEqual([]);
});

test('an account that may not send pauses the campaign before any mail, and the campaign goes on when it may', async () => {
  const draft = await aDraft(store, 3);
  const { account, _id: campaign } = draft;
  const { launch = 0 } = (await campaigns(store).launch(draft)) ?? {};
  const input = { account, campaign, launch };
  const row = async () => (await campaigns(store).find(account, campaign)) as Campaign;
  expect(await freeze(input, 'account_suspended')).toBe('refused');
  expect(await row()).toMatchObject({ state: 'paused', reason: 'account_suspended' });
  await campaigns(store).resume(await row());
  expect(await freeze(input)).toBe('frozen');
  expect(await row()).toMatchObject({ state: 'sending', reason: null, recipient_count: 3 });
});
