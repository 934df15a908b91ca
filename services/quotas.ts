import { now } from '../clock.js';
import { endOfMonth, monthOf, type Plan, planOf } from '../domain/account/plan.js';
import { Failure, type FailureCode } from '../domain/errors.js';
import type { Accounts } from '../store/accounts/accounts.js';
import type { Message } from '../store/messages/row.js';
import type { MessageQuota } from '../store/quotas/message-quota.js';
import { LIMIT_OF, type Meter, type Metered } from '../store/quotas/rows.js';
import type { UsageReading } from '../store/quotas/usage.js';

const REFUSALS: Readonly<Record<Metered, FailureCode>> = {
  emails: 'quota_exceeded',
  ai_drafts: 'ai_quota_exceeded',
};

interface UsageStores {
  readonly accounts: Accounts;
  readonly usage: UsageReading;
}

export interface QuotaStores extends UsageStores {
  readonly messageQuota: MessageQuota;
}

/**
 * Reserves one mail for each of these messages. Throws `quota_exceeded` if the month has fewer left. A plan without a
 * limit reserves nothing; the result is the month that the messages count for.
 */
export async function reserveMails(
  stores: QuotaStores,
  account: number,
  plan: Pick<Plan, 'emails_per_month'>,
  ids: readonly string[],
): Promise<Pick<Message, 'counts_for'>> {
  if (plan.emails_per_month === null) return { counts_for: monthOf(now()) };
  if ((await stores.messageQuota.reserve(account, ids)) === 'over')
    throw await quotaExceeded(stores, account, 'emails');
  return {};
}

/**
 * Throws if the month has fewer left than needed, which is counted only where the plan has a limit. A launch reserves later,
 * when its recipients are frozen.
 */
export async function demandQuotaLeft(
  stores: UsageStores,
  account: number,
  kind: Metered,
  countWanted: () => Promise<number>,
): Promise<void> {
  const most = planOf((await stores.accounts.status(account)) ?? {})[LIMIT_OF[kind]];
  if (most === null) return;
  const [{ [kind]: meter }, wanted] = await Promise.all([stores.usage.meters(account, now()), countWanted()]);
  if (meter.used + meter.reserved + wanted > most) throw await quotaExceeded(stores, account, kind);
}

async function planAndMeter({ accounts, usage }: UsageStores, account: number, kind: Metered) {
  const [row, meters] = await Promise.all([accounts.status(account), usage.meters(account, now())]);
  return { plan: planOf(row ?? {}), meter: meters[kind] } satisfies { plan: Plan; meter: Meter };
}

/** The refusal, with the limit, the use and the end of the month. */
export async function quotaExceeded(stores: UsageStores, account: number, kind: Metered): Promise<Failure> {
  const { plan, meter } = await planAndMeter(stores, account, kind);
  const resets_at = endOfMonth(monthOf(now())).toISOString();
  return new Failure(REFUSALS[kind], undefined, undefined, { limit: plan[LIMIT_OF[kind]], ...meter, resets_at });
}
