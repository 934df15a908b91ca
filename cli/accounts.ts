import type { Config } from '../config.js';
import { PLAN_LIMITS, type PlanLimit, type PlanSettings, planOf } from '../domain/account/plan.js';
import { type Account, accounts } from '../store/accounts/accounts.js';
import { audit } from '../store/accounts/audit.js';
import { suspension } from '../store/accounts/suspension.js';
import { keys } from '../store/keys/keys.js';
import type { Store } from '../store/mongo/connect.js';
import { byCli, withStore } from './keys.js';

/** `everpost accounts`: lists every account, closed ones too. */
export function listAccounts(config: Config): Promise<void> {
  return withStore(config, async (store) => {
    for (const row of await accounts(store).all()) console.log(lineOf(row));
  });
}

/** `everpost accounts create <name>`: creates an account and its first key. */
export function createAccount(config: Config, name: string): Promise<void> {
  return withStore(config, async (store) => {
    const row = await accounts(store).open(name);
    const issue = () => keys(store).issue(row._id, 'First key');
    const { secret } = await audit(store).around(row._id, byCli('keys.create', null, ['name']), issue);
    console.log(`${lineOf(row)}\nIts first key, shown this once: ${secret}`);
  });
}

/** `everpost accounts show <id>`. Exit code 1 if there is no such account. */
export function showAccount(config: Config, id: number): Promise<number> {
  return withAccount(config, id, async (store, row) => {
    const own = await keys(store).ofAccount(id);
    console.log(lineOf(row));
    console.log(`sender: ${row.mail_from ?? config.mailFrom}`);
    console.log(`keys: ${own.filter(({ state }) => state !== 'revoked').length}`);
    console.log(`since: ${row.created_at.toISOString().slice(0, 10)}`);
  });
}

/** `everpost accounts suspend <id>`: refuses its keys and pauses its campaigns; the sweep notifies their workflows. */
export function suspendAccount(config: Config, id: number): Promise<number> {
  return withAccount(config, id, async (store) => {
    const suspend = () => suspension(store).suspend(id);
    const done = await audit(store).around(id, byCli('account.suspend', id), suspend);
    const paused = await suspension(store).pauseCampaigns(id);
    console.log(done ? `Account ${id} is suspended; campaigns paused: ${paused.length}.` : closed(id));
  });
}

/** `everpost accounts resume <id>`: reactivates the account and resumes what its suspension paused. */
export function resumeAccount(config: Config, id: number): Promise<number> {
  return withAccount(config, id, async (store) => {
    const resume = () => suspension(store).resume(id);
    const done = await audit(store).around(id, byCli('account.resume', id), resume);
    const resumed = done ? await suspension(store).resumeCampaigns(id) : [];
    console.log(done ? `Account ${id} is active; campaigns resumed: ${resumed.length}.` : closed(id));
  });
}

async function withAccount(
  config: Config,
  id: number,
  work: (store: Store, row: Account) => Promise<void>,
): Promise<number> {
  return withStore(config, async (store) => {
    const row = await accounts(store).find(id);
    if (row === null) console.log(`There is no account ${id}.`);
    else await work(store, row);
    return row === null ? 1 : 0;
  });
}

function closed(id: number): string {
  return `Account ${id} is closed.`;
}

function lineOf({ _id, name, kind, parent_id, state = 'active' }: Account): string {
  const what = kind === 'client' ? `client of ${parent_id}` : kind;
  return `${_id}  ${state}  ${what}  ${name}`;
}

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
