import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config.js';
import type { RunOptions, RunResult } from './run/run.js';

/** A run as it is kept in the repository; names of mails are counts, since the promise held. */
export interface SavedRun {
  readonly at: string;
  readonly seed: number;
  readonly options: Pick<RunOptions, 'recipients' | 'rate' | 'messages' | 'faults'>;
  readonly faults: readonly { readonly fault: string; readonly silence: number }[];
  /** Planned, but not possible on the machine. */
  readonly notTried: readonly string[];
  readonly seconds: number;
  readonly deliveredOnce: number;
  readonly notDelivered: number;
  readonly lost: number;
  readonly twice: number;
  readonly misreported: number;
  readonly uncertain: number;
  readonly bound: number;
  readonly webhooksMissing: number;
  readonly quotaDrift: number;
  readonly held: boolean;
}

export const SAVED_RUNS = 'chaos/saved-runs.json';

export function savedRuns(): readonly SavedRun[] {
  const file = join(packageRoot(), SAVED_RUNS);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SavedRun[]) : [];
}

/** Keeps a run, in place of an earlier one with the same seed. */
export function saveRun(
  result: RunResult,
  { recipients, rate, messages, faults }: SavedRun['options'],
  at: Date,
): void {
  const options = { recipients, rate, messages, faults };
  const others = savedRuns().filter(({ seed }) => seed !== result.seed);
  const runs = [...others, savedRun(result, options, at)].sort((one, other) => one.seed - other.seed);
  writeFileSync(join(packageRoot(), SAVED_RUNS), `${JSON.stringify(runs, null, 2)}\n`);
}

function savedRun(
  { seed, faults, notTried, seconds, verdict, ended }: RunResult,
  options: SavedRun['options'],
  at: Date,
): SavedRun {
  const { deliveredOnce, notDelivered, lost, twice, misreported, uncertain, bound, webhooksMissing, quotaDrift } =
    verdict;
  return {
    ...{ at: at.toISOString(), seed, options, seconds, deliveredOnce, notDelivered },
    faults: faults.map(({ fault, silence }) => ({ fault, silence })),
    notTried: notTried.map(({ fault }) => fault),
    ...{ lost: lost.length, twice: twice.length, misreported: misreported.length },
    ...{ uncertain, bound, webhooksMissing: webhooksMissing.length, quotaDrift, held: verdict.holds && ended },
  };
}
