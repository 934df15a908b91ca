import type { Collection } from 'mongodb';
import type { Store } from '../mongo/connect.js';

/** A part of the sweep that failed in the last pass, or that an earlier pass began and that still runs. */
export interface SweepTrouble {
  readonly part: string;
  /** Null: it still runs. */
  readonly error: string | null;
}

interface SweepRow {
  readonly _id: 'sweep';
  readonly ended_at: Date;
  readonly troubles: readonly (SweepTrouble & { readonly since: Date })[];
}

/** The last pass of the sweep. All times are by the clock of MongoDB. */
interface SweepRecord extends Omit<SweepRow, '_id'> {
  /** Milliseconds since its end. */
  readonly age: number;
}

export type SweepRecords = ReturnType<typeof sweepRecords>;

/** When the sweep last ended, and what it could not do. One row. */
export function sweepRecords({ db }: Pick<Store, 'db'>) {
  const rows: Collection<SweepRow> = db.collection('sweep', { readPreference: 'primary' });
  return {
    /** A trouble that the row has already keeps the time since when. Atomic: one update. */
    recordPass: async (troubles: readonly SweepTrouble[]): Promise<void> => {
      const same = { $filter: { input: { $ifNull: ['$troubles', []] }, as: 'before', cond: IS_SAME } };
      const since = { $ifNull: [{ $first: { $map: { input: same, as: 'one', in: '$$one.since' } } }, '$$NOW'] };
      const kept = { $mergeObjects: ['$$trouble', { since }] };
      const merged = { $map: { input: { $literal: [...troubles] }, as: 'trouble', in: kept } };
      await rows.updateOne({ _id: 'sweep' }, [{ $set: { ended_at: '$$NOW', troubles: merged } }], { upsert: true });
    },

    /** Null before the first pass. */
    last: (): Promise<SweepRecord | null> =>
      rows.findOne<SweepRecord>(
        { _id: 'sweep' },
        { projection: { _id: 0, ended_at: 1, troubles: 1, age: { $subtract: ['$$NOW', '$ended_at'] } } },
      ),
  };
}

const HAS_ERROR = { before: { $ne: ['$$before.error', null] }, trouble: { $ne: ['$$trouble.error', null] } };
/** The same part in the same trouble; the sentence of the error may differ. */
const IS_SAME = {
  $and: [{ $eq: ['$$before.part', '$$trouble.part'] }, { $eq: [HAS_ERROR.before, HAS_ERROR.trouble] }],
};
