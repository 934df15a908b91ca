import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { now, useClock } from '../../clock.js';
import { monthOf } from '../../domain/account/plan.js';
import { accounts } from '../../store/accounts/accounts.js';
import { messageQuota } from '../../store/quotas/message-quota.js';
import { quotas } from '../../store/quotas/quotas.js';
import type { Reservation, UsageRow } from '../../store/quotas/rows.js';
import { ownStore } from '../support/store/own-store.js';

const store = ownStore();
const LIMIT = 20;

let restoreClock = () => {};
afterEach(() => restoreClock());

/** An operation of a process. Several run at once, and each may be repeated. */
type Operation =
  | { readonly kind: 'reserve' | 'settle'; readonly campaign: number; readonly round: number; readonly n: number }
  | { readonly kind: 'message'; readonly id: number; readonly n: number }
  | { readonly kind: 'settle_message'; readonly id: number; readonly n: number };

const campaign = fc.integer({ min: 1, max: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('reserve', 'settle'),
    campaign,
    round: fc.integer({ min: 0, max: 2 }),
    n: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({
    kind: fc.constantFrom('message', 'settle_message'),
    id: fc.integer({ min: 1, max: 8 }),
    n: fc.integer({ min: 0, max: 1 }),
  }),
);

async function aQuotaFixture(month: Date) {
  const { _id: account } = await accounts(store).open('Measured');
  await accounts(store).setPlan(account, { emails_per_month: LIMIT });
  restoreClock();
  restoreClock = useClock({ now: () => month });
  // Two processes.
  const desks = [quotas(store), quotas(store)] as const;
  const queues = [messageQuota(store), messageQuota(store)] as const;
  // Each run has its own ids, so that runs do not interfere.
  const own = (id: number) => account * 1_000 + id;
  const act = async (one: Operation, by: 0 | 1): Promise<unknown> => {
    switch (one.kind) {
      case 'reserve':
        return desks[by].reserveRound(account, { campaign: own(one.campaign), launch: 1, round: one.round }, one.n);
      case 'settle':
        return desks[by].settleCampaign(own(one.campaign), 1, one.n);
      case 'message':
        return queues[by].reserve(account, one.n === 0 ? [`${own(one.id)}`] : [`${own(one.id)}`, `${own(one.id)}b`]);
      case 'settle_message':
        return desks[by].settle([{ _id: `message:${own(one.id)}`, used: one.n }]);
    }
  };
  const books = async () => {
    const rows = await store.db.collection<Reservation>('reservations').find({ account }).toArray();
    const usage = await store.db.collection<UsageRow>('usage').findOne({ account, month: monthOf(now()) });
    return { rows, emails: usage?.emails ?? { used: 0, reserved: 0 } };
  };
  return { account, own, act, books, desk: desks[0] };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

test(
  'under any concurrent and repeated operations, usage equals the reservations and never exceeds the limit',
  { timeout: 120_000 },
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.array(operation, { maxLength: 6 }), { maxLength: 5 }), async (batches) => {
        const { act, books, account, desk } = await aQuotaFixture(new Date('2096-05-15T12:00:00Z'));
        for (const batch of batches) {
          await Promise.all(batch.map((one, at) => act(one, at % 2 === 0 ? 0 : 1)));
          const { rows, emails } = await books();
          expect(emails.used + emails.reserved).toBeLessThanOrEqual(LIMIT);
          expect(emails.reserved).toBe(sum(rows.flatMap((row) => (row.state === 'held' ? row.amount : []))));
          for (const row of rows) expect(row.used ?? 0).toBeLessThanOrEqual(row.amount);
        }
        // The sweep finds every holder finished.
        const { rows, emails: before } = await books();
        await desk.settle(rows.map(({ _id, amount }) => ({ _id, used: amount })));
        const after = await store.db.collection<UsageRow>('usage').findOne({ account, month: '2096-05' });
        expect(after?.emails ?? { used: 0, reserved: 0 }).toEqual({ used: before.used + before.reserved, reserved: 0 });
      }),
      { numRuns: 40 },
    ),
);

test('a later round of an open campaign needs no further reservation; a retry after its end reserves again', async () => {
  const { account, own, desk, books } = await aQuotaFixture(new Date('2096-05-15T12:00:00Z'));
  const round = (n: number) => ({ campaign: own(1), launch: 1, round: n });
  expect(await desk.reserveRound(account, round(0), 18)).toBe('held');
  expect(await desk.reserveRound(account, round(1), 5)).toBe('held');
  expect((await books()).emails).toEqual({ used: 0, reserved: 18 });
  await desk.settleCampaign(own(1), 1, 15);
  await desk.settleCampaign(own(1), 1, 15);
  expect((await books()).emails).toEqual({ used: 15, reserved: 0 });
  expect(await desk.reserveRound(account, round(2), 6)).toBe('over');
  expect(await desk.reserveRound(account, round(2), 3)).toBe('held');
  await desk.settleCampaign(own(1), 1, 17);
  expect((await books()).emails).toEqual({ used: 17, reserved: 0 });
});

test('a month begins in UTC with its full quota; earlier reservations count for the earlier month', async () => {
  const { account, own, desk } = await aQuotaFixture(new Date('2096-05-31T23:59:59Z'));
  const round = (id: number) => ({ campaign: own(id), launch: 1, round: 0 });
  expect(await desk.reserveRound(account, round(1), LIMIT)).toBe('held');
  expect(await desk.reserveRound(account, round(2), 1)).toBe('over');
  restoreClock();
  restoreClock = useClock({ now: () => new Date('2096-06-01T00:00:00Z') });
  expect(await desk.reserveRound(account, round(2), 1)).toBe('held');
  await desk.settleCampaign(own(1), 1, 7);
  const months = await store.db.collection<UsageRow>('usage').find({ account }).sort({ month: 1 }).toArray();
  expect(months.map(({ month, emails }) => [month, emails])).toEqual([
    ['2096-05', { used: 7, reserved: 0 }],
    ['2096-06', { used: 0, reserved: 1 }],
  ]);
});
