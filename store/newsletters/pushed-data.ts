import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';

/** The data that a caller pushed for the next issue of a newsletter. */
export interface PushedRow {
  /** Id of the newsletter. */
  readonly _id: number;
  readonly account: number;
  readonly data: object;
  readonly pushed_at: Date;
  /** The issue that was made from it; null: it waits for one. */
  readonly used_by: string | null;
}

export type PushedData = ReturnType<typeof pushedData>;

export function pushedData({ db }: Store) {
  const rows = db.collection<PushedRow>('pushed_data');
  return {
    /** Replaces data that no issue has used yet. Atomic: one write. */
    put: async (account: number, newsletter: number, data: object): Promise<Date> => {
      const pushed_at = now();
      await rows.replaceOne(
        { _id: newsletter, account },
        { account, data, pushed_at, used_by: null },
        { upsert: true },
      );
      return pushed_at;
    },

    /**
     * Takes the data for one issue. A repetition for the same issue returns the same data until newer data is pushed.
     * Atomic: one write.
     */
    take: (account: number, newsletter: number, issue: string): Promise<PushedRow | null> =>
      rows.findOneAndUpdate(
        { _id: newsletter, account, used_by: { $in: [null, issue] } },
        { $set: { used_by: issue } },
        { returnDocument: 'after' },
      ),

    /** Releases the data of an issue that was not sent, for the next one. */
    release: async (account: number, newsletter: number, issue: string): Promise<void> => {
      await rows.updateOne({ _id: newsletter, account, used_by: issue }, { $set: { used_by: null } });
    },

    delete: async (account: number, newsletter: number): Promise<void> => {
      await rows.deleteOne({ _id: newsletter, account });
    },
  };
}
