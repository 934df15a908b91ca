import type { Store } from './connect.js';

export type Counters = ReturnType<typeof counters>;

/** Numbers that a process takes from a counter at once. */
const BLOCK = 1_000;

/** Integer ids, because the API documents promise them. An unused block leaves a gap, never a duplicate. */
export function counters({ db }: Store) {
  const rows = db.collection<{ _id: string; last: number }>('counters', {
    writeConcern: { w: 'majority', journal: true },
  });
  /** Takes `size` consecutive ids and returns the first. Atomic: one `$inc`, confirmed by the majority. */
  const block = async (noun: string, size = 1): Promise<number> => {
    const row = await rows.findOneAndUpdate(
      { _id: noun },
      { $inc: { last: size } },
      { upsert: true, returnDocument: 'after' },
    );
    if (row === null) throw new Error(`The counter of ${noun} answered nothing`);
    return row.last - size + 1;
  };
  return {
    block,

    /** Messages are numbered from a block of this process: their numbers are unique, but not in order of acceptance. */
    messageNumbers: numbersFromBlocks((size) => block('messages', size)),

    /** Reserves ids up to and including `id`. Atomic: one `$max`. */
    reserve: async (noun: string, id: number): Promise<void> => {
      await rows.updateOne({ _id: noun }, { $max: { last: id } }, { upsert: true });
    },
  };
}

/** Gives `count` consecutive numbers and returns the first; those left of a block that is too small are never used. */
function numbersFromBlocks(takeBlock: (size: number) => Promise<number>): (count: number) => Promise<number> {
  let next = 0;
  let left = 0;
  let refilling: Promise<void> | undefined;
  const refill = async (size: number): Promise<void> => {
    try {
      next = await takeBlock(size);
      left = size;
    } finally {
      refilling = undefined;
    }
  };
  return async (count) => {
    while (left < count) {
      refilling ??= refill(Math.max(BLOCK, count));
      await refilling;
    }
    const first = next;
    next += count;
    left -= count;
    return first;
  };
}
