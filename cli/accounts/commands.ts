import { type Command, InvalidArgumentError } from 'commander';
import { PLAN_LIMITS } from '../../domain/account/plan.js';
import { count, run } from '../command.js';
import { createAccount, listAccounts, resumeAccount, showAccount, suspendAccount } from './accounts.js';
import { type PlanOptions, planAccount } from './plan.js';

/** `everpost accounts …` */
export function accountCommands(accounts: Command): void {
  accounts.description('the accounts of this installation');
  accounts
    .command('list', { isDefault: true })
    .description('which accounts there are, and who is whose client')
    .action(run(({ config }) => listAccounts(config)));
  accounts
    .command('create')
    .description('make an account and its first key, shown this once')
    .argument('<name>')
    .action((name: string) => run(({ config }) => createAccount(config, name))());
  accounts
    .command('show')
    .description('one account')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(({ config }) => showAccount(config, id))());
  planCommand(accounts.command('plan'));
  accounts
    .command('suspend')
    .description('refuse its keys, stop its campaigns')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(({ config }) => suspendAccount(config, id))());
  accounts
    .command('resume')
    .description('let it go on')
    .argument('<id>', 'its number in the list', count)
    .action((id: number) => run(({ config }) => resumeAccount(config, id))());
}

function planCommand(plan: Command): void {
  plan
    .description('show what an account may have and do, or change what is named')
    .argument('<id>', 'its number in the list', count)
    .option('--name <name>', 'what people call the plan')
    .option('--no-ai', 'no drafting by AI')
    .option('--ai', 'drafting by AI')
    .option('--unlimited', 'lift every limit that is not named');
  for (const limit of PLAN_LIMITS)
    plan.option(`--${limit.replaceAll('_', '-')} <number>`, 'at most so many', nonNegative);
  plan.action((id: number) => run(({ config }) => planAccount(config, id, givenOptions(plan)))());
}

/** What was named, under the names of the plan. */
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
