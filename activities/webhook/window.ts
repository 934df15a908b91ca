import { now } from '../../clock.js';
import type { DeliveryResult } from '../../store/webhook/deliveries.js';
import type { Attempted, Errand } from './attempt.js';
import { logbook, type Step, type WriteDown } from './logbook.js';
import type { Tally } from './tally.js';

export interface WindowDeps {
  /** Attempts under way at once. */
  readonly size: number;
  /** The place in the river where the endpoint stands. */
  readonly place: number;
  readonly tally: Tally;
  attempt(errand: Errand): Promise<Attempted | undefined>;
  readonly write: WriteDown;
}

/** Attempts begin in the order in which they come, some at once. */
export function deliveryWindow({ size, place, tally, attempt, write }: WindowDeps) {
  const open = new Set<Promise<void>>();
  const log = logbook(place, write);

  const run = async (errand: Errand, step: Step | undefined): Promise<void> => {
    const attempted = await attempt(errand);
    if (attempted !== undefined) {
      tally.note(attempted.verdict);
      log.note(attempted.result);
    }
    if (step !== undefined) step.done = true;
    else if (attempted === undefined) log.note(nothingToSend(errand.tidings.id, errand.tidings.type, errand.seq));
    await log.flushIfWorthIt();
  };

  const room = async (): Promise<void> => {
    while (open.size >= size) await Promise.race(open);
  };

  return {
    /** Waits until one more attempt may be under way. */
    room,
    /** Begins an attempt once there is room. With `from` the river it is a step on the endpoint's way, else a retry. */
    begin: async (errand: Errand, from: 'river' | 'log'): Promise<void> => {
      await room();
      const step = from === 'river' && errand.seq !== null ? log.step(errand.seq, false) : undefined;
      if (from === 'log') log.open(errand.tidings.id);
      const running = run(errand, step).finally(() => open.delete(running));
      // Its failure is that of the window: whoever settles hears of it.
      running.catch(() => undefined);
      open.add(running);
    },
    /** Nothing for this endpoint lies between the last step and there. */
    passTo: (reached: number): void => void log.step(reached, true),
    /** Being retried right now, or not written down yet. */
    isUnderWay: log.isOpen,
    /** There is nothing to retry any more. */
    giveUp: ({ event, type, seq }: Pick<DeliveryResult, 'event' | 'type' | 'seq'>): void =>
      log.note(nothingToSend(event, type, seq)),
    /** Waits for everything that is open and writes it down. */
    settle: async (): Promise<void> => {
      await Promise.all(open);
      await log.flush();
    },
    place: log.place,
  };
}

export type DeliveryWindow = ReturnType<typeof deliveryWindow>;

/** The format has no words for it, or the event is gone. */
function nothingToSend(event: string, type: string, seq: number | null): DeliveryResult {
  const tried = { at: now(), status: null, error: 'nothing_to_send', ms: 0, answer: '' };
  return { event, seq, type, state: 'failed', attempt: 0, due: null, tried };
}
