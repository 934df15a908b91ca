import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { count, run, wordsOf } from '../cli/command.js';
import { now } from '../clock.js';
import { type Config, packageRoot } from '../config.js';
import { FAULTS, type FaultName } from './faults/names.js';
import { saveRun } from './results.js';
import type { RunOptions, RunResult } from './run/run.js';

interface ChaosOptions {
  readonly seed: number;
  readonly runs: number;
  readonly recipients: number;
  readonly rate: number;
  readonly messages: number;
  readonly faults: number;
  readonly among: readonly FaultName[];
  readonly minutes?: number;
  readonly json?: string;
  readonly save: boolean;
}

/** `everpost chaos`: exit code 0 where the promise held in each run. */
export function chaosCommand(chaos: Command): void {
  chaos
    .description(
      'send a campaign and messages on private servers, inject faults, and compare the receiver with the API',
    )
    .option('--seed <number>', 'of the first run; the same seed plans the same faults', count, 1)
    .option('--runs <number>', 'runs, with the seeds that follow', count, 1)
    .option('--minutes <number>', 'further runs until so many minutes are over', count)
    .option('--recipients <number>', 'of the campaign', count, 20_000)
    .option('--rate <number>', 'mails of the campaign a second', count, 500)
    .option('--messages <number>', 'messages beside the campaign', count, 500)
    .option('--faults <number>', 'faults in each run', count, 6)
    .option('--among <words>', 'faults to choose from, separated by commas', wordsOf(FAULTS), [...FAULTS])
    .option('--json <file>', 'write the results of all runs to this file')
    .option('--save', 'keep the results for docs/reference/reliability.md', false)
    .action((options: ChaosOptions) => run(async ({ config }) => chaosRuns(config, options))());
}

async function chaosRuns(config: Config, options: ChaosOptions): Promise<number> {
  const { chaosRun } = await import('./run/run.js');
  const program = join(packageRoot(), 'dist', 'cli.js');
  const results: RunResult[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const until = performance.now() + (options.minutes ?? 0) * 60_000;
  for (let i = 0; i < options.runs || performance.now() < until; i += 1) {
    const seed = options.seed + i;
    console.log(`Seed ${seed}`);
    const report = (line: string) => console.log(`  ${line}`);
    const result = await chaosRun({ ...runOptions(options), config, program, seed, report });
    results.push(result);
    if (options.save) saveRun(result, options, now());
    for (const line of storyOf(result)) console.log(line);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  const held = results.every(({ verdict, ended }) => verdict.holds && ended);
  console.log(held ? 'The promise held.' : 'The promise did not hold.');
  return held ? 0 : 1;
}

function runOptions({
  recipients,
  rate,
  messages,
  faults,
  among,
}: ChaosOptions): Omit<RunOptions, 'config' | 'program' | 'seed' | 'report'> {
  return { recipients, rate, messages, faults, among };
}

/** At most so many addresses are printed; all are in the JSON. */
const NAMED = 5;

function storyOf({ verdict, faults, notTried, seconds, ended, logs }: RunResult): string[] {
  const { recipients, messages, deliveredOnce, notDelivered, uncertain, bound, addsUp, quotaDrift } = verdict;
  const named = (what: string, of: readonly string[]) =>
    of.length === 0 ? `${what}: 0` : `${what}: ${of.length} (${of.slice(0, NAMED).join(', ')})`;
  const silence = faults.map((fault) => `${fault.fault} ${fault.silence} s`).join(', ');
  return [
    `${recipients} recipients and ${messages} messages, ${faults.length} faults, ${seconds} s`,
    `delivered once: ${deliveredOnce}; refused or put off: ${notDelivered}; uncertain: ${uncertain} of at most ${bound}`,
    [named('lost', verdict.lost), named('twice', verdict.twice), named('misreported', verdict.misreported)].join('; '),
    `${named('webhooks missing', verdict.webhooksMissing)}; quota drift: ${quotaDrift}; the numbers add up: ${addsUp}`,
    `longest silence: ${silence}`,
    ...notTried.map(({ fault, why }) => `not tried: ${fault} (${why})`),
    ...(ended ? [] : ['It did not come to rest in time.']),
    ...(logs === null ? [] : [`Its logs are in ${logs}.`]),
  ].map((line) => `  ${line}`);
}
