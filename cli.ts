#!/usr/bin/env node
import { Argument, Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { openLog } from './api/logging.js';
import { benchDkim } from './bench/dkim.js';
import { benchMessage } from './bench/message.js';
import { benchRate } from './bench/rate.js';
import { benchSend } from './bench/send.js';
import { api, worker } from './cli/alone.js';
import { catcher } from './cli/catcher.js';
import { demo } from './cli/demo.js';
import { doctor } from './cli/doctor.js';
import { health, type Role } from './cli/health.js';
import { issueKey, listKeys, revokeKey } from './cli/keys.js';
import { listLinkKeys, rotateLinkKeys } from './cli/link-keys.js';
import { start } from './cli/start.js';
import { ConfigurationError, readConfig } from './config.js';

const program = new Command('everpost').description('A durable email engine: each mail is sent once.');

/** Runs a command with the configuration and a log; a fault is one readable message and exit code 1. */
function run(command: (parts: ReturnType<typeof surroundings>) => Promise<unknown>) {
  return async (): Promise<void> => {
    try {
      const code = await command(surroundings());
      process.exit(typeof code === 'number' ? code : 0);
    } catch (error) {
      console.error(error instanceof ConfigurationError ? error.message : error);
      process.exit(1);
    }
  };
}

function surroundings() {
  const config = readConfig();
  return { config, log: openLog(config, stderr()) };
}

function stderr() {
  return pino.destination({ fd: 2, sync: false });
}

function count(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 to 9999999');
}

program
  .command('start')
  .description('the servers it needs, the API and a worker')
  .action(run(({ config, log }) => start(config, log)));
program
  .command('demo')
  .description('import a sample CSV, send a campaign, show each mail in the inbox')
  .option('--recipients <number>', 'how many sample subscribers', count, 10_000)
  .option('--exit', 'leave at the end', false)
  .action((options: { recipients: number; exit: boolean }) =>
    run(({ config }) => demo(config, openLog({ logLevel: 'warn' }, stderr()), options))(),
  );
program
  .command('api')
  .description('the API alone')
  .action(run(({ config, log }) => api(config, log)));
program
  .command('worker')
  .description('a worker alone')
  .action(run(({ config, log }) => worker(config, log)));
program
  .command('catcher')
  .description('the mail catcher alone')
  .action(run(({ config }) => catcher(config)));
program
  .command('doctor')
  .description('what is in the way of a start, and what to do')
  .action(run(({ config }) => doctor(config)));

program
  .command('health')
  .description('is the API or the worker on this host alive? For container health checks')
  .addArgument(new Argument('<role>').choices(['api', 'worker']))
  .action((role: Role) => run(({ config }) => health(config, role))());

const keys = program.command('keys').description('the API keys of the first account');
keys
  .command('list', { isDefault: true })
  .description('which keys there are, without their secrets')
  .action(run(({ config }) => listKeys(config)));
keys
  .command('issue')
  .description('make a key and show it, this once')
  .argument('<name>')
  .action((name: string) => run(({ config }) => issueKey(config, name))());
keys
  .command('revoke')
  .description('refuse a key from now on')
  .argument('<id>', 'its number in the list', count)
  .action((id: number) => run(({ config }) => revokeKey(config, id))());

const linkKeys = program.command('link-keys').description('the keys that sign the links in mails');
linkKeys
  .command('list', { isDefault: true })
  .description('which keys there are, the one that signs first')
  .action(run(({ config }) => listLinkKeys(config)));
linkKeys
  .command('rotate')
  .description('sign new links with a new key; links in mailboxes go on working')
  .action(run(({ config }) => rotateLinkKeys(config)));

const bench = program.command('bench').description('measure, as a ratio against a named reference');
bench
  .command('send', { isDefault: true })
  .description('our send path against nodemailer’s composing pool, same sink, interleaved')
  .option('--mails <number>', 'mails of one run', count, 4_000)
  .option('--rounds <number>', 'runs of each side', count, 5)
  .action((options: { mails: number; rounds: number }) =>
    run(({ config }) => benchSend({ ...options, path: config.path }))(),
  );
bench
  .command('dkim')
  .description('spliced and signed mails against bare signatures of the same keys, interleaved')
  .option('--mails <number>', 'mails of one run', count, 1_000)
  .option('--rounds <number>', 'runs of each side', count, 9)
  .action((options: { mails: number; rounds: number }) => run(() => benchDkim(options))());
bench
  .command('message')
  .description('messages on embedded servers: accepting, the way to the mail server, idle and beside a campaign')
  .option('--messages <number>', 'posted one by one', count, 200)
  .option('--burst <number>', 'posted all at once', count, 2_000)
  .option('--recipients <number>', 'of the campaigns', count, 20_000)
  .action((options: { messages: number; burst: number; recipients: number }) =>
    run(({ config }) => benchMessage({ config, ...options }))(),
  );
bench
  .command('rate')
  .description('a limited campaign over several worker processes, measured by the receiver')
  .option('--per-second <number>', 'the limit', count, 50)
  .option('--recipients <number>', 'how many', count, 1_000)
  .option('--workers <number>', 'processes', count, 2)
  .action((options: { perSecond: number; recipients: number; workers: number }) =>
    run(({ config }) => benchRate({ config, ...options }))(),
  );

await program.parseAsync();
