import type { Command } from 'commander';
import { createAccount, listAccounts, resumeAccount, showAccount, suspendAccount } from './accounts.js';
import { count, run } from './command.js';

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
