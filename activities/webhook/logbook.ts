import type { DeliveryResult } from '../../store/webhook/deliveries.js';

/** Writes results down, and only then the place: everything up to there was tried, and its result is written. */
export type WriteDown = (results: readonly DeliveryResult[], place: number) => Promise<void>;

/** One event on the endpoint's way. */
export interface Step {
  readonly place: number;
  done: boolean;
}

/** Results are written many at once, but none waits for long behind a slow attempt. */
const WRITTEN_AT_ONCE = 100;

/** Results and steps of one pass. Places are passed in order, whatever the order of the answers. */
export function logbook(start: number, write: WriteDown) {
  const steps: Step[] = [];
  const unwritten = new Set<string>();
  let results: DeliveryResult[] = [];
  let place = start;
  let writing = Promise.resolve();

  /** One write at a time. The first that fails is the last: no place is noted behind results that are lost. */
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      while (steps[0]?.done === true) place = steps.shift()?.place ?? place;
      const batch = results;
      results = [];
      await write(batch, place);
      for (const { event } of batch) unwritten.delete(event);
    });
    return writing;
  };

  return {
    flush,
    place: (): number => place,
    step: (at: number, done: boolean): Step => {
      const step = { place: at, done };
      steps.push(step);
      return step;
    },
    /** Until its result is written it must not be begun again. */
    open: (event: string): void => void unwritten.add(event),
    isOpen: (event: string): boolean => unwritten.has(event),
    note: (result: DeliveryResult): void => void results.push(result),
    flushIfWorthIt: async (): Promise<void> => {
      if (results.length >= WRITTEN_AT_ONCE) await flush();
    },
  };
}
