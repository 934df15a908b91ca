import { now } from '../../clock.js';
import type { DeliveryResult } from '../../store/webhooks/deliveries.js';
import type { Attempted, DeliveryJob } from './attempt.js';
import { deliveryLog, type TrackedEvent, type WriteResults } from './delivery-log.js';
import type { FailureTracker } from './failure-counter.js';

export interface WindowDeps {
  /** Attempts under way at once. */
  readonly size: number;
  /** The place in the river where the endpoint stands. */
  readonly sequence: number;
  readonly failureCounter: FailureTracker;
  attempt(job: DeliveryJob): Promise<Attempted | undefined>;
  readonly write: WriteResults;
}

/** Attempts begin in the order in which they come, some at once. */
export function deliveryWindow({ size, sequence, failureCounter, attempt, write }: WindowDeps) {
  const open = new Set<Promise<void>>();
  const log = deliveryLog(sequence, write);

  const run = async (job: DeliveryJob, step: TrackedEvent | undefined): Promise<void> => {
    const attempted = await attempt(job);
    if (attempted !== undefined) {
      failureCounter.record(attempted.verdict);
      log.record(attempted.result);
    }
    if (step !== undefined) step.done = true;
    else if (attempted === undefined) log.record(nothingToSend(job.eventPayload.id, job.eventPayload.type, job.seq));
    await log.flushIfWorthIt();
  };

  const untilFree = async (): Promise<void> => {
    while (open.size >= size) await Promise.race(open);
  };

  return {
    /** Waits until one more attempt may be under way. */
    room: untilFree,
    /** Begins an attempt once there is room. With `from` the river it is a step on the endpoint's way, else a retry. */
    begin: async (job: DeliveryJob, from: 'new' | 'retry'): Promise<void> => {
      await untilFree();
      const step = from === 'new' && job.seq !== null ? log.track(job.seq, false) : undefined;
      if (from === 'retry') log.open(job.eventPayload.id);
      const running = run(job, step).finally(() => open.delete(running));
      // Its failure is that of the window: whoever settles hears of it.
      running.catch(() => undefined);
      open.add(running);
    },
    /** Nothing for this endpoint lies between the last step and there. */
    passTo: (reached: number): void => void log.track(reached, true),
    /** Being retried right now, or not written down yet. */
    isUnderWay: log.isOpen,
    /** There is nothing to retry any more. */
    giveUp: ({ event, type, seq }: Pick<DeliveryResult, 'event' | 'type' | 'seq'>): void =>
      log.record(nothingToSend(event, type, seq)),
    /** Waits for everything that is open and writes it down. */
    settle: async (): Promise<void> => {
      await Promise.all(open);
      await log.flush();
    },
    sequence: log.sequence,
  };
}

export type DeliveryWindow = ReturnType<typeof deliveryWindow>;

/** The format has no words for it, or the event is gone. */
function nothingToSend(event: string, type: string, seq: number | null): DeliveryResult {
  const tried = { at: now(), status: null, error: 'nothing_to_send', ms: 0, answer: '' };
  return { event, seq, type, state: 'failed', attempt: 0, due: null, tried };
}
