import { setCurrentDetails, sleep } from '@temporalio/workflow';
import { timer } from '../run.js';
import { sweepSteps } from '../steps.js';

interface HousekeepingInput {
  /** Milliseconds between two passes. */
  readonly every: number;
  /** Passes of this run; the Schedule starts the next run. */
  readonly passes: number;
}

/** Compares rows with workflows at intervals and starts missing workflows. */
export async function housekeeping({ every, passes }: HousekeepingInput): Promise<void> {
  for (let pass = 1; pass <= passes; pass++) {
    if (pass > 1) await sleep(every, timer(`pass ${pass} of ${passes}`, every));
    setCurrentDetails(`Pass ${pass} of ${passes}; the Schedule starts the next run.`);
    await sweepSteps(`pass ${pass} of ${passes}`).sweepRows();
  }
}
