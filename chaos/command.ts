import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { count, run, wordsOf } from '../cli/command.js';
import { now } from '../clock.js';
import { type Config, packageRoot } from '../config.js';
import type { DeployOptions } from './deploy/run.js';
import { FAULTS, type FaultName } from './faults/names.js';
import { saveRun } from './results.js';
import type { RunOptions, RunResult } from './run/run.js';
import { deployStory, storyOf } from './story.js';

interface ChaosOptions {
  readonly seed: number;
  readonly runs: number;
  readonly recipients?: number;
  readonly rate?: number;
  readonly messages?: number;
  readonly faults: number;
  readonly among: readonly FaultName[];
  readonly minutes?: number;
  readonly json?: string;
  readonly save: boolean;
  readonly deployFrom?: string;
}

const OF_FAULTS = { recipients: 20_000, rate: 500, messages: 500 };
const OF_DEPLOY = { recipients: 2_000, rate: 15, messages: 60 };
const orOfDeploy = (name: keyof typeof OF_FAULTS) => `(default: ${OF_FAULTS[name]}, of a deploy ${OF_DEPLOY[name]})`;

/** `everpost chaos`: exit code 0 where the promise held in each run. */
export function chaosCommand(chaos: Command): void {
  chaos
    .description(
      'send a campaign and messages on private servers, inject faults, and compare the receiver with the API',
    )
    .option('--seed <number>', 'of the first run; the same seed plans the same faults', count, 1)
    .option('--runs <number>', 'runs, with the seeds that follow', count, 1)
    .option('--minutes <number>', 'further runs until so many minutes are over', count)
    .option('--recipients <number>', `of the campaign ${orOfDeploy('recipients')}`, count)
    .option('--rate <number>', `mails of the campaign a second ${orOfDeploy('rate')}`, count)
    .option('--messages <number>', `messages beside the campaign ${orOfDeploy('messages')}`, count)
    .option('--faults <number>', 'faults in each run', count, 6)
    .option('--among <words>', 'faults to choose from, separated by commas', wordsOf(FAULTS), [...FAULTS])
    .option('--json <file>', 'write the results of all runs to this file')
    .option('--save', 'keep the results for docs/reference/reliability.md', false)
    .option(
      '--deploy-from <folder>',
      'instead of faults: replace the build in this folder by this one, process by process',
    )
    .action((options: ChaosOptions) =>
      run(async ({ config }) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
        const { deployFrom } = options;
        return deployFrom === undefined ? chaosRuns(config, options) : rollingDeploy(config, deployFrom, options);
      })(),
    );
}

const programIn = (folder: string) => join(folder, 'dist', 'cli.js');

async function chaosRuns(config: Config, options: ChaosOptions): Promise<number> {
  const { chaosRun } = await import('./run/run.js');
  const program = programIn(packageRoot());
  const results: RunResult[] = [];
  const until = performance.now() + (options.minutes ?? 0) * 60_000;
  for (let i = 0; i < options.runs || performance.now() < until; i += 1) {
    const seed = options.seed + i;
    console.log(`Seed ${seed}`);
    const report = (line: string) => console.log(`  ${line}`);
    const result = await chaosRun({ ...runOptions(options), config, program, seed, report });
    results.push(result);
    if (options.save) saveRun(result, runOptions(options), now());
    for (const line of storyOf(result)) report(line);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  }
  const held = results.every(({ verdict, ended }) => verdict.holds && ended);
  console.log(held ? 'The promise held.' : 'The promise did not hold.');
  return held ? 0 : 1;
}

function runOptions({
  recipients = OF_FAULTS.recipients,
  rate = OF_FAULTS.rate,
  messages = OF_FAULTS.messages,
  faults,
  among,
}: ChaosOptions): Omit<RunOptions, 'config' | 'program' | 'seed' | 'report'> {
  return { recipients, rate, messages, faults, among };
}

async function rollingDeploy(config: Config, folder: string, options: ChaosOptions): Promise<number> {
  const { deployRun, deployHeld } = await import('./deploy/run.js');
  const { recipients = OF_DEPLOY.recipients, rate = OF_DEPLOY.rate, messages = OF_DEPLOY.messages, json } = options;
  const programs: Pick<DeployOptions, 'from' | 'to'> = {
    from: programIn(resolve(folder)),
    to: programIn(packageRoot()),
  };
  const report = (line: string) => console.log(`  ${line}`);
  const result = await deployRun({ config, ...programs, recipients, rate, messages, report });
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  for (const line of deployStory(result)) console.log(`  ${line}`);
  const held = deployHeld(result);
  console.log(held ? 'The deploy lost nothing.' : 'The deploy did not hold.');
  return held ? 0 : 1;
}
