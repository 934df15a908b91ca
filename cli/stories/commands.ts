import { type Command, InvalidArgumentError, Option } from 'commander';
import { count, run } from '../command.js';
import type { WhyOptions } from '../why/why.js';
import type { EventsOptions } from './events.js';
import type { StoryOptions } from './status.js';

/** Commands that answer a question of an operator from the database, without a key. */
export function storyCommands(program: Command): void {
  asking(program.command('why'))
    .description('say what is known about an address, and why it did or did not get a mail')
    .argument('<email>')
    .addOption(new Option('--campaign <id>', 'a campaign, by its number').argParser(count).conflicts('message'))
    .option('--message <uuid>', 'a message to the address')
    .action((email: string, options: WhyOptions) =>
      run(async ({ config }) => (await import('../why/why.js')).why(config, email, options))(),
    );

  asking(program.command('status'))
    .description('say what waits and for what, what is uncertain, and how the transports are')
    .action((options: StoryOptions) =>
      run(async ({ config }) => (await import('./status.js')).status(config, options))(),
    );

  numberedCommands(program);

  asking(program.command('events'))
    .description('list the latest events, with their deliveries to webhooks')
    .option('--at <time>', 'the events of a minute, such as 03:12 or 2026-05-15T03:12, in UTC')
    .option('--type <type>', 'a type, or all types of a resource, such as campaign.*')
    .addOption(new Option('--campaign <id>', 'of a campaign, by its number').argParser(count).conflicts('message'))
    .option('--message <uuid>', 'of a message')
    .option('--limit <number>', 'how many', count, 50)
    .action((options: EventsOptions) =>
      run(async ({ config }) => (await import('./events.js')).events(config, options))(),
    );
}

/** Commands about a thing with a number; without the number they list it. */
function numberedCommands(program: Command): void {
  asking(program.command('campaign'))
    .alias('campaigns')
    .description('say how far a campaign is, how fast, what it waits for, and who was left out; without a number, list')
    .argument('[id]', 'its number', numberOf('campaign'))
    .action((id: number | undefined, options: StoryOptions) =>
      run(async ({ config }) =>
        id === undefined
          ? (await import('./listing.js')).listCampaigns(config, options)
          : (await import('./campaign.js')).campaign(config, id, options),
      )(),
    );

  asking(program.command('newsletter'))
    .alias('newsletters')
    .description('say when the issues of a newsletter leave, and what they wait for; without a number, list')
    .argument('[id]', 'its number', numberOf('newsletter'))
    .action((id: number | undefined, options: StoryOptions) =>
      run(async ({ config }) =>
        id === undefined
          ? (await import('./listing.js')).listNewsletters(config, options)
          : (await import('./newsletter.js')).newsletter(config, id, options),
      )(),
    );
}

function asking(command: Command): Command {
  return command
    .option('--account <id>', 'the account, by its number', count, 1)
    .option('--json', 'print the answer as JSON', false);
}

/** Parses the number of a thing that a command lists. */
function numberOf(command: string) {
  return (text: string): number => {
    if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
    throw new InvalidArgumentError(`a number: everpost ${command} lists them with their names`);
  };
}
