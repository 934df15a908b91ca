/** The only module that reads a clock, so that tests can move time. Durations come from the monotonic clock. */
export interface Clock {
  now(): Date;
  /** Monotonic milliseconds, unrelated to the wall clock. */
  monotonic(): number;
}

const systemClock: Clock = { now: () => new Date(), monotonic: () => performance.now() };

let clock: Clock = systemClock;

export function now(): Date {
  return clock.now();
}

/** The time in `ms` milliseconds. */
export function later(ms: number): Date {
  return new Date(now().getTime() + ms);
}

export function monotonic(): number {
  return clock.monotonic();
}

/** Tests only: replaces the clock until the returned function is called. */
export function useClock(other: Partial<Clock>): () => void {
  clock = { ...systemClock, ...other };
  return () => {
    clock = systemClock;
  };
}
