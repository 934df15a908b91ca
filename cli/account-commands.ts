import { type Command, InvalidArgumentError } from 'commander';
import { PLAN_LIMITS } from '../domain/account/plan.js';
import type { PlanOptions } from './accounts.js';
import { count, run } from './command.js';

/** `everpost accounts …` */
export function accountCommands(accounts: Command): void {
  accounts.description('manage the accounts of this installation');
  accounts
    .command('list', { isDefault: true })
    .description('list the accounts and the agency of each client')
    .action(run(async ({ config }) => (await import('./accounts.js')).listAccounts(config)));
  accounts
    .command('create')
    .description('create an account and its first key, shown once')
    .argument('<name>')
    .action((name: string) => run(async ({ config }) => (await import('./accounts.js')).createAccount(config, name))());
  accounts
    .command('show')
    .description('show one account')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(async ({ config }) => (await import('./accounts.js')).showAccount(config, id))());
  planCommand(accounts.command('plan'));
  accounts
    .command('suspend')
    .description('refuse its keys and pause its campaigns')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(async ({ config }) => (await import('./accounts.js')).suspendAccount(config, id))());
  accounts
    .command('resume')
    .description('reactivate it and resume its campaigns')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(async ({ config }) => (await import('./accounts.js')).resumeAccount(config, id))());
}

function planCommand(plan: Command): void {
  plan
    .description('show the plan of an account, or change the named limits')
    .argument('<id>', 'its number in the list', count)
    .option('--name <name>', 'name of the plan')
    .option('--no-ai', 'no drafting by AI')
    .option('--ai', 'drafting by AI')
    .option('--unlimited', 'remove every limit that is not named');
  for (const limit of PLAN_LIMITS) plan.option(`--${limit.replaceAll('_', '-')} <number>`, 'upper limit', nonNegative);
  plan.action((id: number) =>
    run(async ({ config }) => (await import('./accounts.js')).planAccount(config, id, givenOptions(plan)))(),
  );
}

/** The options given on the command line, by their names in the plan. */
function givenOptions(plan: Command): PlanOptions {
  const named = Object.entries(plan.opts()).filter(([name]) => plan.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(
    named.map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  );
}

function nonNegative(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number');
}
