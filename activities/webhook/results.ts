import type { Deliveries, DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Endpoints } from '../../store/webhooks/endpoints.js';
import type { Endpoint } from '../../store/webhooks/row.js';
import type { Attempted } from './attempt.js';
import { failureCounter } from './failure-counter.js';

export interface ResultDeps {
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
}

/** One new event; the cursor may pass it once its attempt is done. */
export interface TrackedEvent {
  readonly sequence: number;
  done: boolean;
}

/** Results written in one batch. Fewer are written when the window settles. */
const BATCH_SIZE = 100;

export type ResultLog = ReturnType<typeof resultLog>;

/** Collects the results of one pass and writes them, one batch at a time. The cursor moves in order, whatever the order of the responses. */
export function resultLog(deps: ResultDeps, row: Endpoint) {
  const tracked: TrackedEvent[] = [];
  const unwritten = new Set<string>();
  const writer = resultWriter(deps, row);
  let results: DeliveryResult[] = [];
  let sequence = row.cursor;
  let writing = Promise.resolve();

  /** The first write that fails is the last: the cursor never passes results that are lost. */
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      while (tracked[0]?.done === true) sequence = tracked.shift()?.sequence ?? sequence;
      const batch = results;
      results = [];
      await writer.write(batch, sequence);
      for (const { event } of batch) unwritten.delete(event);
    });
    return writing;
  };

  return {
    ...writer,
    flush,
    flushFullBatch: async (): Promise<void> => {
      if (results.length >= BATCH_SIZE) await flush();
    },
    sequence: (): number => sequence,
    track: (at: number, done: boolean): TrackedEvent => {
      const event = { sequence: at, done };
      tracked.push(event);
      return event;
    },
    /** A retry must not begin again before its result is written. */
    openRetry: (event: string): void => void unwritten.add(event),
    isOpen: (event: string): boolean => unwritten.has(event),
    add: (result: DeliveryResult): void => void results.push(result),
  };
}

/**
 * Disables the endpoint first, then writes the results, then moves the cursor. After a crash between these writes the events are
 * delivered again, so that no 410 and no result is lost.
 */
function resultWriter({ endpoints, deliveries }: ResultDeps, row: Endpoint) {
  const failures = failureCounter(row);
  let endedBy: 'disabled' | 'changed' | undefined;
  let recordedSequence = row.cursor;
  return {
    count: ({ outcome }: Attempted): void => failures.count(outcome),
    write: async (results: readonly DeliveryResult[], sequence: number): Promise<void> => {
      const reason = endedBy === undefined ? failures.disableReason() : undefined;
      if (reason !== undefined) endedBy = (await endpoints.disable(row, reason)) ? 'disabled' : 'changed';
      await deliveries.record(row, results);
      if (results.length > 0 || sequence > recordedSequence)
        await endpoints.recordPass(row, sequence, failures.takeCounts());
      recordedSequence = sequence;
    },
    /** The owner has changed the endpoint since the pass began. */
    endAsChanged: (): void => {
      endedBy = 'changed';
    },
    endedBy: (): 'disabled' | 'changed' | undefined => endedBy,
    /** Whether no further attempt may begin in this pass. */
    isOver: (): boolean => endedBy !== undefined || failures.disableReason() !== undefined,
    /** No attempt begins before this time; null: no wait. */
    restUntil: (): Date | null => failures.restUntil() ?? row.rest_until,
  };
}
