import { afterEach, expect, test } from 'vitest';
import { sweepQuotas } from '../../../activities/sweep/quotas.js';
import { now, useClock } from '../../../clock.js';
import { monthOf } from '../../../domain/account/plan.js';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import { drafts } from '../../../store/drafts/drafts.js';
import { messages } from '../../../store/messages/messages.js';
import { messageQuota } from '../../../store/quotas/message-quota.js';
import { quotas } from '../../../store/quotas/quotas.js';
import { usageReading } from '../../../store/quotas/usage.js';
import { aDraft } from '../../support/store/campaigns.js';
import { anAcceptedMessage } from '../../support/store/messages.js';
import { ownStore } from '../../support/store/own-store.js';

const store = ownStore();
let back = () => {};
afterEach(() => back());

/** The sweep as it runs in this many milliseconds; the reservations stay in their month. */
async function sweepIn(ms: number, sent = 0): Promise<void> {
  const at = new Date(now().getTime() + ms);
  back = useClock({ now: () => at });
  await sweepQuotas({
    quotas: quotas(store),
    messages: messages(store),
    campaigns: campaigns(store),
    drafts: drafts(store),
    recipients: { totals: async () => ({ sent, uncertain: 0 }) },
  });
  back();
}

const MONTH = monthOf(now());
const meters = async (account: number) => usageReading(store).of([account], MONTH);
const set = (collection: string, _id: string | number, fields: object) =>
  store.db.collection<{ _id: string | number }>(collection).updateOne({ _id }, { $set: fields });

test('an unused reservation is released once its message has ended, or if it was never accepted', async () => {
  const rows = [await anAcceptedMessage(store), await anAcceptedMessage(store), await anAcceptedMessage(store)];
  const account = rows[0]?.account ?? 0;
  await messageQuota(store).reserve(account, [...rows.map(({ _id }) => _id), 'never-accepted']);
  await set('messages', rows[0]?._id ?? '', { state: 'sent' });
  await set('messages', rows[1]?._id ?? '', { state: 'cancelled' });
  await sweepIn(20_000);
  expect((await meters(account)).emails).toEqual({ used: 1, reserved: 2 });
  await set('messages', rows[2]?._id ?? '', { state: 'uncertain' });
  await sweepIn(900_000);
  expect((await meters(account)).emails).toEqual({ used: 2, reserved: 0 });
  await sweepIn(1_800_000);
  expect((await meters(account)).emails).toEqual({ used: 2, reserved: 0 });
});

test('a scheduled message is checked once, and not again before it is due', async () => {
  const due = new Date(now().getTime() + 86_400_000);
  const row = await anAcceptedMessage(store, { scheduled_at: due, due, account: 78 });
  await messageQuota(store).reserve(78, [row._id]);
  await sweepIn(20_000);
  expect(await quotas(store).due(new Date(due.getTime() - 1), 10)).not.toContainEqual(
    expect.objectContaining({ _id: `message:${row._id}` }),
  );
  await set('messages', row._id, { state: 'sent' });
  await sweepIn(86_400_000 + 700_000);
  expect((await meters(78)).emails).toEqual({ used: 1, reserved: 0 });
});

test('a campaign whose close broke off is settled; a running one is not', async () => {
  const draft = await aDraft(store, 3);
  const { account, _id: campaign } = draft;
  const { launch = 0 } = (await campaigns(store).launch(draft)) ?? {};
  const before = (await meters(account)).emails;
  await quotas(store).reserveRound(account, { campaign, launch, round: 0 }, 3);
  await sweepIn(20_000, 2);
  expect((await meters(account)).emails).toEqual({ ...before, reserved: before.reserved + 3 });
  await set('campaigns', campaign, { state: 'sent', closed_at: now() });
  await sweepIn(60_000, 2);
  expect((await meters(account)).emails).toEqual({ used: before.used + 2, reserved: before.reserved });
});

test('a deleted campaign and an abandoned draft use no quota', async () => {
  const account = 77;
  await quotas(store).reserveRound(account, { campaign: 9_999, launch: 1, round: 0 }, 5);
  await quotas(store).reserveDraft(account, { campaign: 9_999, n: 1 });
  await sweepIn(900_000);
  expect(await meters(account)).toMatchObject({
    emails: { used: 0, reserved: 0 },
    ai_drafts: { used: 0, reserved: 0 },
  });
});
