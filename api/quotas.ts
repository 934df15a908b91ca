import { now } from '../clock.js';
import { endOfMonth, monthOf, type Plan, planOf } from '../domain/account/plan.js';
import { Failure, type FailureCode } from '../domain/errors.js';
import type { Message } from '../store/messages/row.js';
import { LIMIT_OF, type Meter, type Metered } from '../store/quotas/rows.js';
import type { Deps } from './wiring.js';

const REFUSALS: Readonly<Record<Metered, FailureCode>> = {
  emails: 'quota_exceeded',
  ai_drafts: 'ai_quota_exceeded',
};

type Stores = Pick<Deps, 'accounts' | 'usage'>;

/**
 * Reserves one mail for each of these messages; refuses by name where the month has not so many left. Where it has no limit
 * nothing is reserved and nobody waits: answers the month that their rows are to be counted for.
 */
export async function reserveMails(
  deps: Stores & Pick<Deps, 'messageQuota'>,
  account: number,
  plan: Pick<Plan, 'emails_per_month'>,
  ids: readonly string[],
): Promise<Pick<Message, 'counts_for'>> {
  if (plan.emails_per_month === null) return { counts_for: monthOf(now()) };
  if ((await deps.messageQuota.reserve(account, ids)) === 'over') throw await quotaExceeded(deps, account, 'emails');
  return {};
}

/** Whether a month has so many left; asked before a launch, which reserves when it is known who is mailed. */
export async function demandQuotaLeft(deps: Stores, account: number, kind: Metered, wanted: number): Promise<void> {
  const most = planOf((await deps.accounts.status(account)) ?? {})[LIMIT_OF[kind]];
  if (most === null) return;
  const { [kind]: meter } = await deps.usage.meters(account, now());
  if (meter.used + meter.reserved + wanted > most) throw await quotaExceeded(deps, account, kind);
}

async function planAndMeter({ accounts, usage }: Stores, account: number, kind: Metered) {
  const [row, meters] = await Promise.all([accounts.status(account), usage.meters(account, now())]);
  return { plan: planOf(row ?? {}), meter: meters[kind] } satisfies { plan: Plan; meter: Meter };
}

/** The refusal, with what a program may want to know. */
export async function quotaExceeded(deps: Stores, account: number, kind: Metered): Promise<Failure> {
  const { plan, meter } = await planAndMeter(deps, account, kind);
  const resets_at = endOfMonth(monthOf(now())).toISOString();
  return new Failure(REFUSALS[kind], undefined, undefined, { limit: plan[LIMIT_OF[kind]], ...meter, resets_at });
}
