import { type Command, InvalidArgumentError, Option } from 'commander';
import { WEBHOOK_FORMATS, type WebhookFormat } from '../../domain/webhook/formats.js';
import { run } from '../command.js';
import { untilStopSignal } from '../stop-signal.js';

interface Given {
  readonly key?: string;
  readonly api?: string;
  readonly type: string;
  readonly format: WebhookFormat;
  readonly secret?: string;
  readonly after?: number;
}

function position(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 0');
}

/** `everpost listen …` */
export function listenCommand(command: Command): void {
  command
    .description('forward events to an address while you develop, signed as those of a webhook endpoint')
    .argument('<address>', 'where to post the events, such as http://127.0.0.1:4000/hooks')
    .option('--key <key>', 'the API key; EVERPOST_API_KEY if absent')
    .option('--api <address>', 'the address of Everpost; PUBLIC_URL if absent')
    .option('--type <type>', 'an event type, or a group such as campaign.*', '*')
    .addOption(new Option('--format <format>', 'the format of the events').choices(WEBHOOK_FORMATS).default('standard'))
    .option('--secret <secret>', 'signs the events; a new one if absent')
    .option('--after <position>', 'begin after this position of the event log instead of at its end', position)
    .action((address: string, given: Given) =>
      run(async ({ config }) => {
        const { listen } = await import('./listen.js');
        const options = { ...given, key: given.key ?? config.apiKey, api: given.api ?? config.publicUrl };
        const stop = new AbortController();
        void untilStopSignal().then(() => stop.abort());
        return listen(address, options, stop.signal);
      })(),
    );
}
