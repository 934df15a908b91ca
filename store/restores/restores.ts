import { eventLog } from '../events/event-log.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

/** A restore of the database from a backup; docs/architecture/protocol.md "After a restore". */
export interface Restore {
  /** The time of the backup, ISO 8601. */
  readonly _id: string;
  readonly taken_at: Date;
  /** By the server's clock. Whatever was due up to here may have been done on the lost database. */
  readonly began_at: Date;
  /** Null: interrupted. APIs and workers do not start before the command has ended. */
  readonly ended_at: Date | null;
  /** Up to where each counter is raised: the lost database may have given the ids below. */
  readonly ids: readonly CounterTarget[];
  /** The same for the sequence numbers of events: a reader that continues from its last number misses none. */
  readonly sequences: readonly SequenceTarget[];
}

interface SequenceTarget {
  readonly account: number;
  readonly head: number;
}

interface CounterTarget {
  readonly noun: string;
  readonly last: number;
}

/** Ids that the lost database may have given since the backup: of people, mails and events, and of everything else. */
const MANY_IDS = 10_000_000;
const FEW_IDS = 10_000;
const MANY: readonly string[] = ['subscribers', 'messages', 'audit', 'confirmations'];

/** The restores of this database. A repeated command continues the one that it finds. */
export function restores(store: Store) {
  const rows = majorityCollection<Restore>(store, 'restores');
  const counters = majorityCollection<{ _id: string; last: number }>(store, 'counters');
  const heads = majorityCollection<{ _id: number; head: number; batch: readonly string[] | null }>(
    store,
    'event_sequences',
  );
  const log = eventLog(store);
  return {
    find: (takenAt: Date): Promise<Restore | null> => rows.findOne({ _id: takenAt.toISOString() }),

    /** A restore that was begun and has not ended; null: none. */
    interrupted: (): Promise<Restore | null> => rows.findOne({ ended_at: null }),

    /** When the last restore began, by the server's clock; null: the database was never restored. */
    lastBegan: async (): Promise<Date | null> => (await rows.findOne({}, { sort: { began_at: -1 } }))?.began_at ?? null,

    /** Begins a restore, or finds the one that was begun. Atomic: one upsert. */
    begin: async (takenAt: Date): Promise<Restore> => {
      const _id = takenAt.toISOString();
      const targets = (await counters.find().toArray()).map(({ _id: noun, last }) => {
        return { noun, last: last + (MANY.includes(noun) ? MANY_IDS : FEW_IDS) };
      });
      const sequences = (await heads.find().toArray()).map(({ _id: account, head }) => {
        return { account, head: head + MANY_IDS };
      });
      const raised = { ids: { $literal: targets }, sequences: { $literal: sequences } };
      const fresh = { taken_at: takenAt, began_at: '$$NOW', ended_at: null, ...raised };
      const first = Object.entries(fresh).map(([name, value]) => {
        return [name, { $cond: [{ $eq: [{ $type: `$${name}` }, 'missing'] }, value, `$${name}`] }];
      });
      const row = await rows.findOneAndUpdate({ _id }, [{ $set: Object.fromEntries(first) }], {
        upsert: true,
        returnDocument: 'after',
      });
      if (row === null) throw new Error(`the restore of ${_id} is not recorded`);
      return row;
    },

    /** Raises each counter to its target. Atomic for each counter: one `$max`, so that a repetition changes nothing. */
    raiseIds: async ({ ids, sequences }: Restore): Promise<void> => {
      for (const { noun, last } of ids) await counters.updateOne({ _id: noun }, { $max: { last } }, { upsert: true });
      for (const { account, head } of sequences) {
        // Ends a batch that was being numbered at the backup; its end would take the new number back.
        await log.assignSequences(account);
        await heads.updateOne({ _id: account, batch: null }, { $max: { head } });
      }
    },

    /** Atomic: one update. */
    end: async ({ _id }: Restore): Promise<void> => {
      await rows.updateOne({ _id, ended_at: null }, { $currentDate: { ended_at: true } });
    },
  };
}
