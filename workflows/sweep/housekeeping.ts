import { sleep } from '@temporalio/workflow';
import { sweepSteps } from '../steps.js';

interface HousekeepingInput {
  /** Milliseconds between two passes. */
  readonly every: number;
  /** Passes of this run; the Schedule starts the next run. */
  readonly passes: number;
}

/** Compares rows with workflows at intervals and starts missing workflows. */
export async function housekeeping({ every, passes }: HousekeepingInput): Promise<void> {
  const sweep = sweepSteps();
  for (let pass = 0; pass < passes; pass++) {
    if (pass > 0) await sleep(every);
    await sweep.sweepRows();
  }
}
