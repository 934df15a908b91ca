import { expect, test } from 'vitest';
import { localSignal } from '../../../activities/signal.js';
import { now } from '../../../clock.js';
import { newApproval } from '../../../domain/campaign/approval.js';
import type { LedgerPage } from '../../../domain/campaign/ledger-page.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { campaignProgress } from '../../../store/campaigns/progress.js';
import { recipients } from '../../../store/campaigns/recipients.js';
import { rounds } from '../../../store/campaigns/rounds.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import { majorityCollection } from '../../../store/mongo/connect.js';
import { quotas } from '../../../store/quotas/quotas.js';
import { suppressions } from '../../../store/suppressions/suppressions.js';
import { audienceSteps } from '../../support/activities/audience-fixture.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anException, aPage, insertPages } from '../../support/store/ledger-pages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();

const steps = (obstacle?: (recipients: number) => string | undefined, pages = rounds(store)) =>
  audienceSteps(store, obstacle, pages);

type Input = { account: number; campaign: number; launch: number };
const freeze = async (input: Input, obstacle?: string) => (await steps(() => obstacle).freezeAudience(input)).result;

/** Cancelled between the mark of round 1 and its first page. */
async function cancelledInRoundOne() {
  const draft = await aDraft(store, 2);
  const { account, _id: campaign } = draft;
  const { launch = 0 } = (await campaigns(store).launch(draft)) ?? {};
  const input = { account, campaign, launch };
  const progress = campaignProgress(store);
  await progress.openRound(input, 0, { takes: [], due: now() }, { up_to: 2, sender: null });
  await progress.recordRecipients(input, 2);
  await progress.beginSending(input);
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
  await campaignProgress(store).closeCancelled(input, 1);
  await freeze(input);
  expect(await pagesOfRound1(input.campaign)).toEqual([]);
});

test('an account that may not send pauses the campaign before any mail, and the campaign goes on when it may', async () => {
  const { input } = await aLaunch(3);
  expect(await freeze(input, 'account_suspended')).toBe('refused');
  expect(await rowOf(input)).toMatchObject({ state: 'paused', reason: 'account_suspended' });
  await campaigns(store).resume(await rowOf(input));
  expect(await freeze(input)).toBe('frozen');
  expect(await rowOf(input)).toMatchObject({ state: 'sending', reason: null, recipient_count: 3 });
});

/** A launched campaign; that of 4,600 readers has more pages than the first batch. */
async function aLaunch(readers: number) {
  const draft = await aDraft(store, readers);
  const row = (await campaigns(store).launch(draft)) as Campaign;
  return { list: row.list_id, input: { account: row.account, campaign: row._id, launch: row.launch } };
}
const rowOf = async ({ account, campaign }: Input) => (await campaigns(store).find(account, campaign)) as Campaign;
const pagesOf = ({ campaign }: Input) =>
  store.ledger.collection<LedgerPage>('ledger').find({ campaign }).sort({ page: 1 }).toArray();

test('the first pages may be mailed while the others are created; the excess of the reservation is given back', async () => {
  const { list, input } = await aLaunch(4_600);
  const reserved: number[] = [];
  const { beginRound, freezeAudience } = steps((recipients) => {
    reserved.push(recipients);
    return undefined;
  });
  const [first] = await store.db.collection('subscribers').find({ list_id: list }).sort({ _id: -1 }).limit(1).toArray();
  await suppressions(store).add(input.account, String(first?.['email_key']), 'manual', null);
  const hold = quotas(store);
  await hold.reserveRound(input.account, { ...input, round: 0 }, 4_600);

  expect(await beginRound(input)).toMatchObject({ result: 'begun', plan: { state: 'sending', round: 0, lanes: 8 } });
  expect(await rowOf(input)).toMatchObject({ state: 'sending', recipient_count: 4_600 });
  expect((await pagesOf(input)).map((page) => page.last)).toEqual(Array(2).fill(false));
  expect((await freezeAudience(input)).result).toBe('frozen');
  expect(await rowOf(input)).toMatchObject({ state: 'sending', recipient_count: 4_599 });
  expect((await pagesOf(input)).map((page) => page.n)).toEqual([...Array(9).fill(500), 99]);
  expect(reserved).toEqual([4_600, 4_599]);
  const held = await store.db.collection('reservations').findOne({ 'holder.campaign': input.campaign });
  expect(held).toMatchObject({ state: 'held', amount: 4_599 });
  expect((await beginRound(input)).result).toBe('frozen');
});

test('where the quota does not suffice for all active subscribers, the recipients are counted before any mail', async () => {
  const { input } = await aLaunch(4_600);
  const { beginRound, freezeAudience } = steps((recipients) => (recipients > 4_599 ? 'quota_exceeded' : undefined));
  expect((await beginRound(input)).result).toBe('unfinished');
  expect(await rowOf(input)).toMatchObject({ state: 'freezing' });
  const [page] = await pagesOf(input);
  await suppressions(store).add(input.account, `reader${page?.ids[0]}@example.test`, 'manual', null);
  expect((await freezeAudience(input)).result).toBe('refused');
  expect(await rowOf(input)).toMatchObject({ state: 'paused', reason: 'quota_exceeded', recipient_count: 4_600 });
});

test('concurrent freezes of one audience create one chain', async () => {
  const { input } = await aLaunch(4_600);
  const { freezeAudience, beginRound } = steps();
  await Promise.all([freezeAudience(input), beginRound(input), freezeAudience(input), freezeAudience(input)]);
  const chain = await pagesOf(input);
  expect(chain.map(({ page, last }) => [page, last])).toEqual(Array.from({ length: 10 }, (_, k) => [k, k === 9]));
  const ids = chain.flatMap((page) => page.ids);
  expect(new Set(ids).size).toBe(4_600);
  expect(ids).toEqual(ids.toSorted((one, other) => one - other));
});

test('after a restore the pages that a freeze still adds are uncertain by name, and the others stay as they are', async () => {
  const { input } = await aLaunch(1_600);
  await steps().beginRound(input);
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  await rows.updateOne({ _id: input.campaign }, { $set: { restored: { launch: input.launch, round: 0 } } });
  await freeze(input);
  const chain = await pagesOf(input);
  expect(chain.map(({ n, settled, claimed, done }) => [n, settled, claimed, done])).toEqual([
    ...Array(2).fill([500, 0, 0, false]),
    ...[500, 100].map((n) => [n, n, n, false]),
  ]);
  expect(chain.map((page) => page.exceptions.filter((one) => one.class === 'restored').length)).toEqual([
    0, 0, 500, 100,
  ]);
  expect((await recipients(store).totals(input.account, input.campaign)).uncertain).toBe(600);
});

test('a freeze that is suspended during a cancel adds no page after it', async () => {
  const { input } = await aLaunch(4_600);
  const real = rounds(store);
  await steps().beginRound(input);
  const [reached, resumed] = [localSignal(), localSignal()];
  const suspended = {
    ...real,
    addPages: async (...args: Parameters<typeof real.addPages>) => {
      reached.notify();
      await resumed.wait(30_000);
      return real.addPages(...args);
    },
  };
  const freezing = steps(undefined, suspended).freezeAudience(input);
  await reached.wait(30_000);
  await campaigns(store).cancel(await rowOf(input));
  await real.endChain({ ...input, round: 0 });
  resumed.notify();
  await freezing;
  expect((await pagesOf(input)).map(({ n, last }) => [n, last])).toEqual([...Array(2).fill([500, false]), [0, true]]);
});

/** Statuses by id, so that pages begin and end with people who are left out; `suppressed` people are active on the list. */
const LEFT_OUT = ['unsubscribed', 'suppressed', 'pending', 'bounced', 'suppressed', 'complained'] as const;

async function leaveOut(account: number, list: number, isLeftOut: (i: number) => boolean) {
  const rows = store.db.collection<{ _id: number; email_key: string }>('subscribers');
  const people = await rows.find({ list_id: list }).sort({ _id: 1 }).toArray();
  const leftOut = people
    .filter((_, i) => isLeftOut(i))
    .map((row, k) => ({ ...row, why: LEFT_OUT[k % 6] ?? 'pending' }));
  for (const status of ['unsubscribed', 'pending', 'bounced', 'complained'] as const) {
    const ids = leftOut.filter(({ why }) => why === status).map(({ _id }) => _id);
    await rows.updateMany({ _id: { $in: ids } }, { $set: { status } });
  }
  const keys = leftOut.filter(({ why }) => why === 'suppressed').map(({ email_key }) => email_key);
  await suppressions(store).addMany(account, keys, 'manual');
  return { people, leftOut };
}

const NOT_EXCLUDED = { suppressed: 0, unsubscribed: 0, pending: 0, bounced: 0, complained: 0 };
function countedByReason(people: readonly { readonly why: string }[]): Record<string, number> {
  const counts: Record<string, number> = { ...NOT_EXCLUDED };
  for (const { why } of people) counts[why] = (counts[why] ?? 0) + 1;
  return counts;
}

test.each([
  ['here and there', (i: number) => i % 7 < 2],
  ['at the start, around the end of the first pages, and at the end', (i: number) => i < 9 || (i > 505 && i < 1_100)],
  ['behind a last page that is full', (i: number) => i >= 1_500],
  ['all of them', () => true],
])('the list and the campaign add up, page by page, where people are left out %s', async (_, isLeftOut) => {
  const { list, input } = await aLaunch(1_600);
  const { people, leftOut } = await leaveOut(input.account, list, isLeftOut);
  // The first batch, and several freezes at once, one of which begins again behind the pages of another.
  const { freezeAudience, beginRound } = steps();
  await Promise.all([freezeAudience(input), beginRound(input), freezeAudience(input)]);
  await freezeAudience(input);

  const chain = await pagesOf(input);
  const lastIds = chain.map(({ ids, last }) => (last ? Number.POSITIVE_INFINITY : (ids.at(-1) ?? 0)));
  for (const [k, page] of chain.entries()) {
    const own = leftOut.filter(({ _id }) => _id > (lastIds[k - 1] ?? 0) && _id <= (lastIds[k] ?? 0));
    expect({ ...NOT_EXCLUDED, ...page.excluded }).toEqual(countedByReason(own));
  }
  const { excluded, recipients: frozen } = await recipients(store).totals(input.account, input.campaign);
  expect(excluded).toEqual(countedByReason(leftOut));
  expect(frozen + Object.values(excluded ?? {}).reduce((sum, n) => sum + n, 0)).toBe(people.length);
  expect(frozen).toBe(people.length - leftOut.length);
});

test('excluded people are shown once the chain is complete, and not where a cancel ended it', async () => {
  const { list, input } = await aLaunch(4_600);
  await leaveOut(input.account, list, (i) => i % 2 === 0);
  const excluded = async () => (await recipients(store).totals(input.account, input.campaign)).excluded;
  expect(await excluded()).toBeNull();
  await steps().beginRound(input);
  expect((await pagesOf(input)).map((page) => [page.last, page.excluded !== undefined])).toEqual([
    [false, true],
    [false, true],
  ]);
  expect(await excluded()).toBeNull();
  await rounds(store).endChain({ ...input, round: 0 });
  expect(await excluded()).toBeNull();
});
