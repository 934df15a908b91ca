import type { Store } from './connect.js';

export type Counters = ReturnType<typeof counters>;

/** Integer ids, because the API documents promise them. An unused block leaves a gap, never a duplicate. */
export function counters({ db }: Store) {
  const rows = db.collection<{ _id: string; last: number }>('counters');
  return {
    /** Takes `size` consecutive ids and returns the first. Atomic: one `$inc`. */
    block: async (noun: string, size = 1): Promise<number> => {
      const row = await rows.findOneAndUpdate(
        { _id: noun },
        { $inc: { last: size } },
        { upsert: true, returnDocument: 'after' },
      );
      if (row === null) throw new Error(`The counter of ${noun} answered nothing`);
      return row.last - size + 1;
    },

    /** Reserves ids up to and including `id`. Atomic: one `$max`. */
    reserve: async (noun: string, id: number): Promise<void> => {
      await rows.updateOne({ _id: noun }, { $max: { last: id } }, { upsert: true });
    },
  };
}
