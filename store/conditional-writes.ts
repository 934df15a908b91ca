import { setTimeout as pause } from 'node:timers/promises';
import type { Collection, Filter, UpdateFilter } from 'mongodb';
import type { LedgerPage } from '../domain/page.js';
import { outcomeIsUnknown } from './unknown.js';

/** Whether the attempt that writes still lives; an unknown outcome is re-issued only as long as it does. */
export type Alive = () => boolean;
export type Verdict = 'done' | 'lost';

const BETWEEN_TRIES = 100;

export function untilNextTry(): Promise<void> {
  return pause(BETWEEN_TRIES);
}

export type ConditionalWrites = ReturnType<typeof conditionalWrites>;

export interface ConditionalWrite {
  readonly filter: Filter<LedgerPage>;
  readonly update: UpdateFilter<LedgerPage>;
  readonly id: string;
  readonly isAfter: (now: LedgerPage) => boolean;
  readonly isBefore: (now: LedgerPage) => boolean;
}

/** PROTOCOL: match → go on; unknown → the identical write again; no match → one majority read decides. */
export function conditionalWrites(pages: Collection<LedgerPage>) {
  const once = async ({ filter, update, id, isAfter, isBefore }: ConditionalWrite): Promise<Verdict | 'again'> => {
    const { matchedCount } = await pages.updateOne(filter, update);
    if (matchedCount === 1) return 'done';
    const now = await pages.findOne({ _id: id });
    if (now === null) return 'lost';
    if (isAfter(now)) return 'done';
    return isBefore(now) ? 'again' : 'lost';
  };
  return async (alive: Alive, write: ConditionalWrite): Promise<Verdict> => {
    while (alive()) {
      try {
        const verdict = await once(write);
        if (verdict !== 'again') return verdict;
      } catch (error) {
        if (!outcomeIsUnknown(error)) throw error;
        await untilNextTry();
      }
    }
    return 'lost';
  };
}
