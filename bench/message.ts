import { basename, resolve } from 'node:path';
import type { Config } from '../config.js';
import { besideCampaign } from './message/beside-campaign.js';
import { type Caller, callerProcess } from './message/caller.js';
import { commandTable } from './message/commands.js';
import { PROGRAMS, startInstallation } from './message/installation.js';
import { BURST, burst, manyCallers, oneAtATime, posted, type Setup } from './message/posting.js';
import { type ClockedSink, ownSink } from './receiver/sink.js';
import type { Measured, ResultTable } from './report/result.js';
import { comparison, type Figures, interleaved, type Runs } from './report/rounds.js';
import { sendingProcess } from './sender/sender.js';

export type BenchMessagePart = 'burst' | 'single' | 'paced' | 'callers';

export interface BenchMessageOptions {
  readonly config: Config;
  /** The parts to run: names of `BenchMessagePart`. */
  readonly only: readonly string[];
  /** Messages of a burst, and requests of it under way. */
  readonly messages: number;
  readonly inFlight: number;
  /** Bursts of each side. */
  readonly rounds: number;
  /** SMTP connections of each side. */
  readonly connections: number;
  /** Messages posted one at a time. */
  readonly single: number;
  /** Messages beside the campaign, and how many a second. */
  readonly paced: number;
  readonly perSecond: number;
  /** Recipients of the campaign. */
  readonly recipients: number;
  /** Callers with one request each under way, and the messages of all of them. */
  readonly callers: number;
  readonly calls: number;
  /** The folder of another built checkout to compare with; empty: none. */
  readonly against: string;
}

type Sides = Readonly<Record<string, Setup>>;

/** Sends small mails with nodemailer's pool. */
type Pool = (mails: number) => Promise<Figures>;

const EVERPOST = 'Everpost';
const POOL = 'nodemailer';
const WARM_UP = 500;

/** Single messages through `everpost start` on embedded servers, against nodemailer's pool, which promises nothing. */
export async function benchMessage(options: BenchMessageOptions): Promise<Measured> {
  const { connections, inFlight } = options;
  const sink = await ownSink();
  const [caller, sender] = [callerProcess(), sendingProcess('nodemailer, small mail')];
  const pool = async (mails: number) => {
    const { seconds, cpu } = await sender.run({ url: sink.url, connections, mails });
    return { [BURST.arrived]: mails / seconds, [BURST.cpu]: cpu / mails };
  };
  const sides: Record<string, Setup> = {};
  try {
    for (const [name, folder] of checkouts(options)) sides[name] = await started(options, folder, caller, sink);
    for (const side of Object.values(sides)) await posted(side, { messages: WARM_UP, inFlight });
    await pool(WARM_UP);
    return {
      conditions: { receiver: sink.name, 'SMTP connections': connections },
      tables: await tablesOf(options, sides, pool),
    };
  } finally {
    await Promise.all(Object.values(sides).map(({ installation }) => installation.stop()));
    await Promise.all([caller.stop(), sender.stop(), sink.stop()]);
  }
}

function checkouts({ against }: BenchMessageOptions): readonly (readonly [string, string | undefined])[] {
  const own = [EVERPOST, undefined] as const;
  return against === '' ? [own] : [own, [basename(resolve(against)), resolve(against)]];
}

async function started(
  { config, connections }: BenchMessageOptions,
  folder: string | undefined,
  caller: Caller,
  sink: ClockedSink,
): Promise<Setup> {
  const installation = await startInstallation({ config, folder, smtpUrl: sink.url, connections });
  return { installation, caller, sink };
}

/** The tables of the parts that are wanted, in this order. */
async function tablesOf(options: BenchMessageOptions, sides: Sides, pool: Pool): Promise<readonly ResultTable[]> {
  const tables: ResultTable[] = [];
  const wants = (part: BenchMessagePart) => options.only.includes(part);
  if (wants('burst')) tables.push(...(await bursts(options, sides, pool)));
  if (wants('single')) tables.push(await singles(options, sides));
  if (wants('callers')) tables.push(await fromCallers(options, sides));
  const ours = sides[EVERPOST];
  if (wants('paced') && ours !== undefined) tables.push(await beside(options, ours));
  return tables;
}

async function bursts(options: BenchMessageOptions, sides: Sides, pool: Pool): Promise<readonly ResultTable[]> {
  const { messages, inFlight, rounds } = options;
  const load = { messages, inFlight };
  const runs = await interleaved(
    { ...eachOf(sides, (side) => burst(side, load)), [POOL]: () => pool(messages) },
    rounds,
    false,
  );
  const installed = Object.fromEntries(Object.entries(runs).filter(([name]) => name !== POOL));
  const title = `${messages.toLocaleString('en-US')} messages, ${inFlight} requests under way`;
  return [
    comparison(title, runs, quotientsOf(runs), Object.values(BURST)),
    comparison('CPU ms per message', installed, [], [...PROGRAMS, 'callers', 'receiver']),
    commandTable(installed),
  ];
}

async function singles({ single }: BenchMessageOptions, sides: Sides): Promise<ResultTable> {
  const runs = await interleaved(
    eachOf(sides, (side) => oneAtATime(side, single)),
    1,
    false,
  );
  return comparison(`${single} messages, one at a time`, runs, quotientsOf(runs));
}

async function fromCallers({ callers, calls, rounds }: BenchMessageOptions, sides: Sides): Promise<ResultTable> {
  const load = { messages: calls, inFlight: callers };
  const runs = await interleaved(
    eachOf(sides, (side) => manyCallers(side, load)),
    rounds,
    false,
  );
  const title = `${calls.toLocaleString('en-US')} messages from ${callers} callers`;
  return comparison(title, runs, quotientsOf(runs));
}

async function beside(options: BenchMessageOptions, side: Setup): Promise<ResultTable> {
  const { recipients, paced, perSecond, config } = options;
  const plan = { recipients, messages: paced, perSecond, database: config.mongodbDatabase };
  const runs = { [EVERPOST]: [await besideCampaign(side, plan)] };
  return comparison(`${perSecond} messages a second beside a campaign at half its capacity`, runs);
}

function eachOf(sides: Sides, run: (side: Setup) => Promise<Figures>) {
  return Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, () => run(side)] as const));
}

function quotientsOf(runs: Runs): readonly (readonly [string, string])[] {
  return Object.keys(runs)
    .filter((name) => name !== EVERPOST)
    .map((name) => [EVERPOST, name] as const);
}
