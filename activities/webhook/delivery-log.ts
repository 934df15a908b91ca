import type { DeliveryResult } from '../../store/webhooks/deliveries.js';

/** Writes results down, and only then the place: everything up to there was tried, and its result is written. */
export type WriteResults = (results: readonly DeliveryResult[], sequence: number) => Promise<void>;

/** One event on the endpoint's way. */
export interface TrackedEvent {
  readonly sequence: number;
  done: boolean;
}

/** Results are written many at once, but none waits for long behind a slow attempt. */
const BATCH_SIZE = 100;

/** Results and steps of one pass. Places are passed in order, whatever the order of the answers. */
export function deliveryLog(start: number, write: WriteResults) {
  const tracked: TrackedEvent[] = [];
  const unwritten = new Set<string>();
  let results: DeliveryResult[] = [];
  let sequence = start;
  let writing = Promise.resolve();

  /** One write at a time. The first that fails is the last: no place is noted behind results that are lost. */
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      while (tracked[0]?.done === true) sequence = tracked.shift()?.sequence ?? sequence;
      const batch = results;
      results = [];
      await write(batch, sequence);
      for (const { event } of batch) unwritten.delete(event);
    });
    return writing;
  };

  return {
    flush,
    sequence: (): number => sequence,
    track: (at: number, done: boolean): TrackedEvent => {
      const event = { sequence: at, done };
      tracked.push(event);
      return event;
    },
    /** Until its result is written it must not be begun again. */
    open: (event: string): void => void unwritten.add(event),
    isOpen: (event: string): boolean => unwritten.has(event),
    record: (result: DeliveryResult): void => void results.push(result),
    flushIfWorthIt: async (): Promise<void> => {
      if (results.length >= BATCH_SIZE) await flush();
    },
  };
}
