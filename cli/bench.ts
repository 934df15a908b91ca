import type { Command } from 'commander';
import { benchClicks } from '../bench/clicks.js';
import { benchDkim } from '../bench/dkim.js';
import { benchMessage } from '../bench/message.js';
import { benchRate } from '../bench/rate.js';
import { benchSend } from '../bench/send.js';
import { benchWebhooks } from '../bench/webhooks.js';
import type { Config } from '../config.js';
import { count, run } from './command.js';

/** The meaning of each count and its default. */
type Counts<O> = Readonly<Record<keyof O & string, readonly [string, number]>>;

interface Measurement<O extends Readonly<Record<string, number>>> {
  readonly what: string;
  readonly counts: Counts<O>;
  readonly measure: (options: O, config: Config) => Promise<unknown>;
}

/** Each measurement is a command of its own below `bench`; `send` where none is named. */
export function benchCommands(bench: Command): void {
  const add = <O extends Readonly<Record<string, number>>>(name: string, { what, counts, measure }: Measurement<O>) => {
    const command = bench.command(name, { isDefault: name === 'send' }).description(what);
    for (const [field, [meaning, usual]] of Object.entries(counts)) {
      command.option(`--${dashed(field)} <number>`, meaning, count, usual);
    }
    command.action((options: O) => run(({ config }) => measure(options, config))());
  };
  add<{ mails: number; rounds: number }>('send', {
    what: 'our send path against nodemailer’s composing pool, same sink, interleaved',
    counts: { mails: ['mails of one run', 4_000], rounds: ['runs of each side', 5] },
    measure: (options, { path }) => benchSend({ ...options, path }),
  });
  add<{ mails: number; rounds: number }>('dkim', {
    what: 'spliced and signed mails against bare signatures of the same keys, interleaved',
    counts: { mails: ['mails of one run', 1_000], rounds: ['runs of each side', 9] },
    measure: benchDkim,
  });
  add<{ messages: number; burst: number; recipients: number }>('message', {
    what: 'messages on embedded servers: accepting and delivering, idle and beside a campaign',
    counts: {
      messages: ['posted one by one', 200],
      burst: ['posted all at once', 2_000],
      recipients: ['of the campaigns', 30_000],
    },
    measure: (options, config) => benchMessage({ config, ...options }),
  });
  add<{ perSecond: number; recipients: number; workers: number; connections: number }>('rate', {
    what: 'a limited campaign over several worker processes, second by second as the receiver saw it',
    counts: {
      perSecond: ['the limit', 50],
      recipients: ['how many', 1_000],
      workers: ['processes', 3],
      connections: ['SMTP connections of each', 20],
    },
    measure: (options, config) => benchRate({ config, ...options }),
  });
  add<{ events: number; single: number }>('webhooks', {
    what: 'events to one endpoint: one by one, and many as fast as they drain',
    counts: { events: ['at once', 100_000], single: ['one by one', 50] },
    measure: (options, config) => benchWebhooks({ config, ...options }),
  });
  add<{ recipients: number; callers: number; seconds: number; paced: number }>('clicks', {
    what: 'hits a second on tracked links, and how much they slow a campaign paced at half its capacity',
    counts: {
      recipients: ['of the campaigns', 20_000],
      callers: ['at once', 64],
      seconds: ['of each stretch', 5],
      paced: ['hits a second beside the campaign', 500],
    },
    measure: (options, config) => benchClicks({ config, ...options }),
  });
}

/** `perSecond` is `--per-second`. */
function dashed(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
