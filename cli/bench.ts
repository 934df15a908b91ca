import type { Command } from 'commander';
import type { BenchMessageOptions, BenchMessagePart } from '../bench/message.js';
import { machineNow } from '../bench/report/machine.js';
import { type BenchResult, type Measured, printed, saveResult } from '../bench/report/result.js';
import { now } from '../clock.js';
import type { Config } from '../config.js';
import { count, counts, run, wordsOf } from './command.js';

type Setting = number | readonly number[] | string | readonly string[];
type Settings = Readonly<Record<string, Setting>>;

interface Bench<O extends Settings> {
  readonly what: string;
  /** The meaning of each setting and its default; a list is written with commas, and one of words has no others. */
  readonly settings: { readonly [K in keyof O & string]: readonly [string, O[K]] };
}

/** Prints its own figures. */
interface Measurement<O extends Settings> extends Bench<O> {
  readonly measure: (options: O, config: Config) => Promise<unknown>;
}

/** Returns its figures, which are printed, and saved for docs/reference/performance.md with `--save`. */
interface Comparison<O extends Settings> extends Bench<O> {
  readonly compare: (options: O, config: Config) => Promise<Measured>;
}

/** Each measurement is a command of its own below `bench`; `send` where none is named. */
export function benchCommands(bench: Command): void {
  sendCommands(bench);
  productCommands(bench);
  messageCommand(bench);
  otherCommands(bench);
}

/** The send path, each part against a reference in the same run. */
function sendCommands(bench: Command): void {
  addComparison<{ mails: number; rounds: number; connections: number }>(bench, 'send', {
    what: 'the send path alone against smtp-source and nodemailer’s composing pool, same receiver, interleaved',
    settings: {
      mails: ['mails of one run', 8_000],
      rounds: ['runs of each side', 5],
      connections: ['of each side', 16],
    },
    compare: async (options, { path }) => (await import('../bench/send.js')).benchSend({ ...options, path }),
  });
  addComparison<{ delay: number; mails: number; rounds: number; connections: number }>(bench, 'latency', {
    what: 'the send path over a line with a delay, against smtp-source and nodemailer’s composing pool',
    settings: {
      delay: ['milliseconds in each direction', 20],
      mails: ['mails of one run for each connection', 100],
      rounds: ['runs of each side', 3],
      connections: ['of each side', 16],
    },
    compare: async (options, { path }) => (await import('../bench/latency.js')).benchLatency({ ...options, path }),
  });
  addComparison<{ mails: number; rounds: number; connections: number }>(bench, 'dkim', {
    what: 'signed mail against unsigned mail and against its bare signatures, same receiver, interleaved',
    settings: {
      mails: ['mails, or their signatures, of one run', 4_000],
      rounds: ['runs of each side', 7],
      connections: ['of each side', 16],
    },
    compare: async (options, { path }) => (await import('../bench/dkim.js')).benchDkim({ ...options, path }),
  });
}

/** The whole product, with all its processes. */
function productCommands(bench: Command): void {
  addComparison<{ recipients: readonly number[]; rounds: number; connections: number; launches: number }>(
    bench,
    'campaign',
    {
      what: 'whole campaigns on embedded servers against nodemailer’s composing pool',
      settings: {
        recipients: ['of the campaigns, separated by commas', [20_000, 100_000]],
        rounds: ['campaigns of each size', 3],
        connections: ['SMTP connections of each side', 16],
        launches: ['small campaigns that measure the time to the first mail', 20],
      },
      compare: async (options, config) => (await import('../bench/campaign.js')).benchCampaign({ config, ...options }),
    },
  );
  addComparison<{ recipients: readonly number[]; connections: number }>(bench, 'scale', {
    what: 'campaigns of growing size: speed, memory, Temporal events, writes and bytes for each recipient',
    settings: {
      recipients: ['of the campaigns, separated by commas', [10_000, 100_000, 1_000_000]],
      connections: ['SMTP connections', 16],
    },
    compare: async (options, config) => (await import('../bench/scale.js')).benchScale({ config, ...options }),
  });
  addComparison<{ rows: number; rounds: number }>(bench, 'import', {
    what: 'a CSV file through the API against a bare bulkWrite of the same rows',
    settings: { rows: ['of the file', 100_000], rounds: ['imports of each side', 3] },
    compare: async (options, config) => (await import('../bench/import.js')).benchImport({ config, ...options }),
  });
}

const MESSAGE_PARTS: readonly BenchMessagePart[] = ['burst', 'single', 'paced', 'callers'];

function messageCommand(bench: Command): void {
  addComparison<Omit<BenchMessageOptions, 'config'> & Settings>(bench, 'message', {
    what: 'single messages on embedded servers: bursts against nodemailer’s composing pool, one at a time, beside a campaign',
    settings: {
      only: ['parts to run, separated by commas', MESSAGE_PARTS],
      messages: ['of a burst', 5_000],
      inFlight: ['requests of a burst under way', 20],
      rounds: ['bursts of each side', 3],
      connections: ['SMTP connections of each side', 16],
      single: ['messages posted one at a time', 300],
      paced: ['messages beside the campaign', 2_000],
      perSecond: ['messages a second beside the campaign', 100],
      recipients: ['of the campaign', 40_000],
      callers: ['with one request under way each', 50],
      calls: ['messages of these callers', 2_000],
      against: ['folder of another built checkout to compare with', ''],
    },
    compare: async (options, config) => (await import('../bench/message.js')).benchMessage({ config, ...options }),
  });
}

function otherCommands(bench: Command): void {
  addMeasurement<{ perSecond: number; recipients: number; workers: number; connections: number }>(bench, 'rate', {
    what: 'a limited campaign over several worker processes, second by second as the receiver saw it',
    settings: {
      perSecond: ['the limit', 50],
      recipients: ['how many', 1_000],
      workers: ['processes', 3],
      connections: ['SMTP connections of each', 20],
    },
    measure: async (options, config) => (await import('../bench/rate.js')).benchRate({ config, ...options }),
  });
  addMeasurement<{ events: number; single: number }>(bench, 'webhooks', {
    what: 'events to one endpoint: one by one, and many as fast as they drain',
    settings: { events: ['at once', 100_000], single: ['one by one', 50] },
    measure: async (options, config) => (await import('../bench/webhooks.js')).benchWebhooks({ config, ...options }),
  });
  addMeasurement<{ recipients: number; callers: number; seconds: number; paced: number }>(bench, 'clicks', {
    what: 'hits a second on tracked links, and how much they slow a campaign paced at half its capacity',
    settings: {
      recipients: ['of the campaigns', 20_000],
      callers: ['at once', 64],
      seconds: ['of each stretch', 5],
      paced: ['hits a second beside the campaign', 500],
    },
    measure: async (options, config) => (await import('../bench/clicks.js')).benchClicks({ config, ...options }),
  });
}

function addMeasurement<O extends Settings>(bench: Command, name: string, { measure, ...rest }: Measurement<O>): void {
  const command = added(bench, name, rest);
  command.action((options: O) => run(({ config }) => measure(options, config))());
}

interface Output {
  readonly json: boolean;
  readonly save: boolean;
}

function addComparison<O extends Settings>(bench: Command, name: string, { compare, ...rest }: Comparison<O>): void {
  const command = added(bench, name, rest)
    .option('--json', 'print the result as JSON', false)
    .option('--save', 'save the result for docs/reference/performance.md', false);
  command.action(({ json, save, ...options }: O & Output) =>
    run(async ({ config }) => {
      const settings = options as unknown as O;
      const begun = { bench: name, options: written(settings), at: now().toISOString(), machine: machineNow() };
      const result: BenchResult = { ...begun, ...(await compare(settings, config)) };
      console.log(json ? JSON.stringify(result, null, 2) : printed(result));
      if (save) console.error(`saved in ${await saveResult(result)}; \`npm run docs\` writes the page`);
    })(),
  );
}

function added<O extends Settings>(bench: Command, name: string, { what, settings }: Bench<O>): Command {
  const command = bench.command(name, { isDefault: name === 'send' }).description(what);
  for (const [field, [meaning, usual]] of Object.entries<readonly [string, Setting]>(settings)) {
    const flag = `--${dashed(field)}`;
    if (typeof usual === 'number') command.option(`${flag} <number>`, meaning, count, usual);
    else if (typeof usual === 'string') command.option(`${flag} <text>`, meaning, usual);
    else if (isWords(usual)) command.option(`${flag} <words>`, meaning, wordsOf(usual), [...usual]);
    else command.option(`${flag} <numbers>`, meaning, counts, [...usual]);
  }
  return command;
}

function isWords(setting: readonly number[] | readonly string[]): setting is readonly string[] {
  return setting.every((one) => typeof one === 'string');
}

/** The options as on the command line; an empty one is left out. */
function written(settings: Settings): string {
  return Object.entries(settings)
    .filter(([, setting]) => setting !== '')
    .map(([field, setting]) => `--${dashed(field)} ${setting}`)
    .join(' ');
}

/** `perSecond` is `--per-second`. */
function dashed(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
