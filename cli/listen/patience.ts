import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds; the first wait is doubled each time. */
export interface RetryTimes {
  readonly first: number;
  readonly longest: number;
}

/** Waits longer from call to call, and prints the reason of the first; `seconds` replaces the wait. Throws when `stopped`. */
export function patience({ first, longest }: RetryTimes, stopped: AbortSignal) {
  let wait = 0;
  return async (reason: string, seconds?: number): Promise<void> => {
    if (wait === 0) console.log(`${reason}; trying again.`);
    wait = wait === 0 ? first : Math.min(wait * 2, longest);
    await delay(seconds === undefined ? wait : seconds * 1_000, undefined, { signal: stopped });
  };
}
