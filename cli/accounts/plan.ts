import type { Config } from '../../config.js';
import { PLAN_LIMITS, type PlanLimit, type PlanSettings, planOf } from '../../domain/account/plan.js';
import { type Account, accounts } from '../../store/accounts/accounts.js';
import { audit } from '../../store/accounts/audit.js';
import { byCli } from '../keys/keys.js';
import { withAccount } from './accounts.js';

/** The plan options of the command line, as commander parses them. */
export type PlanOptions = Partial<Record<PlanLimit, number>> & {
  readonly name?: string;
  readonly ai?: boolean;
  readonly unlimited?: boolean;
};

/** `everpost accounts plan <id>`: changes the named limits and shows the plan. Exit code 1 if there is no such account. */
export function planAccount(config: Config, id: number, { unlimited, ...options }: PlanOptions): Promise<number> {
  return withAccount(config, id, async (store, row) => {
    const changed: PlanSettings = { ...(unlimited ? {} : row.plan), ...options };
    if (unlimited || Object.keys(options).length > 0) {
      const named = [...(unlimited ? ['unlimited'] : []), ...Object.keys(options)];
      const set = () => accounts(store).setPlan(id, changed);
      await audit(store).around(id, byCli('account.plan', id, named), set);
    }
    for (const line of linesOf((await accounts(store).find(id)) ?? row)) console.log(line);
  });
}

function linesOf(row: Account): string[] {
  const plan = planOf(row);
  const limits = PLAN_LIMITS.map((limit) => `${limit}: ${plan[limit] ?? 'unlimited'}`);
  return [`plan: ${plan.name ?? 'none'}`, ...limits, `ai: ${plan.ai ? 'on' : 'off'}`];
}
