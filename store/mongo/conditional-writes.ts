import { setTimeout as pause } from 'node:timers/promises';
import type { Collection, Filter, UpdateFilter } from 'mongodb';
import { outcomeIsUnknown } from './unknown-outcome.js';

/** Whether the attempt that writes still lives; an unknown outcome is re-issued only as long as it does. */
export type Alive = () => boolean;
export type Verdict = 'done' | 'lost';

const BETWEEN_ATTEMPTS = 100;

export function untilNextAttempt(): Promise<void> {
  return pause(BETWEEN_ATTEMPTS);
}

export type ConditionalWrites<T extends Row> = (alive: Alive, write: ConditionalWrite<T>) => Promise<Verdict>;

interface Row {
  readonly _id: string;
}

interface ConditionalWrite<T extends Row> {
  readonly filter: Filter<T>;
  readonly update: UpdateFilter<T>;
  readonly id: string;
  readonly isAfter: (now: T) => boolean;
  readonly isBefore: (now: T) => boolean;
}

/** A majority read of a primary that was elected a moment ago may be older than what we were told; this one is not. */
const DECIDING_READ = { readConcern: 'linearizable', maxTimeMS: 10_000 } as const;

/** Issues an unknown write again; after no match one linearizable read decides (docs/architecture/protocol.md "Operations on a page"). */
export function conditionalWrites<T extends Row>(rows: Collection<T>): ConditionalWrites<T> {
  const once = async ({ filter, update, id, isAfter, isBefore }: ConditionalWrite<T>): Promise<Verdict | 'again'> => {
    const { matchedCount } = await rows.updateOne(filter, update);
    if (matchedCount === 1) return 'done';
    const now = (await rows.findOne({ _id: id } as Filter<T>, DECIDING_READ)) as T | null;
    if (now === null) return 'lost';
    if (isAfter(now)) return 'done';
    return isBefore(now) ? 'again' : 'lost';
  };
  return async (alive, write) => {
    while (alive()) {
      try {
        const verdict = await once(write);
        if (verdict !== 'again') return verdict;
      } catch (error) {
        if (!outcomeIsUnknown(error)) throw error;
        await untilNextAttempt();
      }
    }
    return 'lost';
  };
}
