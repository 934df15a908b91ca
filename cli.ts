#!/usr/bin/env node
import { Argument, Command } from 'commander';
import { openLog } from './api/log.js';
import { chaosCommand } from './chaos/command.js';
import { accountCommands } from './cli/account-commands.js';
import { benchCommands } from './cli/bench.js';
import { count, moment, run, stderr } from './cli/command.js';
import type { Role } from './cli/health.js';
import { listenCommand } from './cli/listen/command.js';
import type { RehearsalOptions, RehearsalSubject } from './cli/rehearse/rehearse.js';
import { storyCommands } from './cli/stories/commands.js';

// Each command imports its own code when it runs: the code of all commands takes seconds to load.
const program = new Command('everpost')
  .description('A durable email engine: each mail is sent once.')
  // A wrong option or argument; 1 is an answer of commands such as doctor and health.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

program
  .command('start')
  .description('start the embedded servers, the API and a worker')
  .action(run(async ({ config, log }) => (await import('./cli/start.js')).start(config, log)));
program
  .command('demo')
  .description('import a sample CSV, send a campaign, show each mail in the inbox')
  .option('--recipients <number>', 'how many sample subscribers', count, 10_000)
  .option('--exit', 'exit at the end', false)
  .action((options: { recipients: number; exit: boolean }) =>
    run(async ({ config }) =>
      (await import('./cli/demo.js')).demo(config, openLog({ logLevel: 'warn' }, stderr()), options),
    )(),
  );
program
  .command('api')
  .description('start the API alone')
  .action(run(async ({ config, log }) => (await import('./cli/api.js')).api(config, log)));
program
  .command('worker')
  .description('start a worker alone')
  .action(run(async ({ config, log }) => (await import('./cli/worker/worker.js')).worker(config, log)));
program
  .command('send-process', { hidden: true })
  .description('a process of a worker that sends campaigns; started by its worker')
  .action(
    run(async () => (await import('./cli/worker/send-process.js')).sendProcess((config) => openLog(config, stderr()))),
  );
program
  .command('catcher')
  .description('start the mail catcher alone')
  .action(run(async ({ config }) => (await import('./cli/catcher.js')).catcher(config)));
program
  .command('migrate')
  .description(
    'bring the database to the version of this build; a start does so too, but leaves large indexes for later',
  )
  .option('--check', 'print what would be done; exit code 1 if there is something to do', false)
  .action((options: { check: boolean }) =>
    run(async ({ config }) => (await import('./cli/database/migrate.js')).migrateCommand(config, options))(),
  );
program
  .command('doctor')
  .description('check what prevents a start, and what in a running installation needs a person')
  .option('--json', 'print the findings as JSON', false)
  .action((options: { json: boolean }) =>
    run(async ({ config }) => (await import('./cli/doctor/doctor.js')).doctor(config, options))(),
  );

storyCommands(program);

program
  .command('restored')
  .description('after the database was restored from a backup: list as uncertain whatever may have been mailed since')
  .requiredOption('--taken-at <time>', 'the time of the backup, such as 2026-05-15T09:00:00Z', moment)
  .option('--dry-run', 'print what would be done and write nothing', false)
  .action((options: { takenAt: Date; dryRun: boolean }) =>
    run(async ({ config }) => (await import('./cli/database/restored.js')).restored(config, options))(),
  );

listenCommand(program.command('listen'));

program
  .command('health')
  .description('check that the API or the workers on this host are healthy; for container health checks')
  .addArgument(new Argument('<role>').choices(['api', 'worker']))
  .action((role: Role) => run(async ({ config }) => (await import('./cli/health.js')).health(config, role))());

const keys = program.command('keys').description('manage the API keys of the first account');
keys
  .command('list', { isDefault: true })
  .description('list the keys, without their secrets')
  .action(run(async ({ config }) => (await import('./cli/keys.js')).listKeys(config)));
keys
  .command('issue')
  .description('create a key and show it once')
  .argument('<name>')
  .action((name: string) => run(async ({ config }) => (await import('./cli/keys.js')).issueKey(config, name))());
keys
  .command('revoke')
  .description('revoke a key')
  .argument('<id>', 'its number in the list', count)
  .action((id: number) => run(async ({ config }) => (await import('./cli/keys.js')).revokeKey(config, id))());

accountCommands(program.command('accounts'));

const linkKeys = program.command('link-keys').description('manage the keys that sign the links in mails');
linkKeys
  .command('list', { isDefault: true })
  .description('list the keys; the signing key comes first')
  .action(run(async ({ config }) => (await import('./cli/keys.js')).listLinkKeys(config)));
linkKeys
  .command('rotate')
  .description('sign new links with a new key; links in mails already sent keep working')
  .action(run(async ({ config }) => (await import('./cli/keys.js')).rotateLinkKeys(config)));

program
  .command('rehearse')
  .description('simulate a campaign or newsletter in skipped time; sends nothing')
  .addArgument(new Argument('<what>').choices(['campaign', 'newsletter']))
  .argument('<id>', 'its number', count)
  .option('--issues <number>', 'issues of a newsletter', count, 12)
  .option('--zone <name>', 'time zone of the printed times of a campaign', 'UTC')
  .option('--unanswered', 'approvers do not respond; otherwise they approve', false)
  .action(
    (what: RehearsalSubject, id: number, { unanswered, ...options }: RehearsalOptions & { unanswered: boolean }) =>
      run(async ({ config }) => {
        const { rehearse } = await import('./cli/rehearse/rehearse.js');
        return rehearse(config, what, id, { ...options, answer: unanswered ? 'none' : 'yes' });
      })(),
  );

benchCommands(program.command('bench').description('measure against a named reference and print ratios'));

chaosCommand(program.command('chaos'));

await program.parseAsync();
