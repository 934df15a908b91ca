import { now } from '../../clock.js';
import type { DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Attempted, DeliveryJob } from './attempt.js';
import type { ResultLog, TrackedEvent } from './results.js';

export interface WindowSettings {
  /** Attempts in flight at once. */
  readonly size: number;
  readonly results: ResultLog;
  attempt(job: DeliveryJob): Promise<Attempted | undefined>;
}

export type DeliveryWindow = ReturnType<typeof deliveryWindow>;

/** Begins attempts in the order in which they come and keeps up to `size` of them in flight. */
export function deliveryWindow({ size, results, attempt }: WindowSettings) {
  const open = new Set<Promise<void>>();

  const run = async (job: DeliveryJob, tracked: TrackedEvent | undefined): Promise<void> => {
    const attempted = await attempt(job);
    if (attempted !== undefined) {
      results.count(attempted);
      results.add(attempted.result);
    }
    if (tracked !== undefined) tracked.done = true;
    else if (attempted === undefined) results.add(nothingToSend(job.eventPayload.id, job.eventPayload.type, job.seq));
    await results.flushFullBatch();
  };

  const untilFree = async (): Promise<void> => {
    while (open.size >= size) await Promise.race(open);
  };

  return {
    /** Waits until another attempt may begin. */
    untilFree,
    /** Begins an attempt once the window has space. The cursor passes a new event; a retry does not move it. */
    begin: async (job: DeliveryJob, kind: 'new' | 'retry'): Promise<void> => {
      await untilFree();
      const tracked = kind === 'new' && job.seq !== null ? results.track(job.seq, false) : undefined;
      if (kind === 'retry') results.openRetry(job.eventPayload.id);
      const running = run(job, tracked).finally(() => open.delete(running));
      // `settle` reports the failure of an attempt.
      running.catch(() => undefined);
      open.add(running);
    },
    /** No event for this endpoint lies between the last tracked one and this sequence number. */
    passTo: (sequence: number): void => void results.track(sequence, true),
    /** A retry of this event is in flight, or its result is not written yet. */
    isOpen: results.isOpen,
    /** The event of this delivery is deleted: there is nothing to retry. */
    giveUp: ({ event, type, seq }: Pick<DeliveryResult, 'event' | 'type' | 'seq'>): void =>
      results.add(nothingToSend(event, type, seq)),
    /** Waits for all attempts in flight and writes their results. */
    settle: async (): Promise<void> => {
      await Promise.all(open);
      await results.flush();
    },
  };
}

function nothingToSend(event: string, type: string, seq: number | null): DeliveryResult {
  const tried = { at: now(), status: null, error: 'nothing_to_send', ms: 0, answer: '' };
  return { event, seq, type, state: 'failed', attempt: 0, due: null, tried };
}
