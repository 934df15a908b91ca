import { ObjectId } from 'mongodb';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';

/** A process that owns pages or messages; each of its tokens begins with its id. */
export interface Owner {
  readonly _id: string;
  /** Raised by each beat. */
  readonly beats: number;
  /** The election of the primary under which it beat last. */
  readonly primary: string;
  /** By the server's clock; a dead owner stays dead. Null: it counts as alive. */
  readonly dead_at: Date | null;
}

export type Owners = ReturnType<typeof owners>;

/** Which owners live (docs/architecture/protocol.md "Dead owners"). Majority writes and reads on the primary. */
export function owners(store: Store) {
  const rows = majorityCollection<Owner>(store, 'owners');
  return {
    /** The election of the primary; null where the server has none, as a router of a sharded cluster. */
    election: async (): Promise<string | null> => {
      const { electionId, isWritablePrimary } = await store.ledger.command({ hello: 1 });
      return isWritablePrimary === true && electionId instanceof ObjectId ? electionId.toHexString() : null;
    },

    /** The owner lives. Writes nothing to a row that is dead. Atomic: one upsert. */
    beat: async (_id: string, primary: string): Promise<void> => {
      const beat = { $inc: { beats: 1 }, $set: { primary } };
      await rows.updateOne({ _id, dead_at: null }, beat, { upsert: true }).catch((error: unknown) => {
        if (!isDuplicateKey(error)) throw error;
      });
    },

    /** All owners, with those that have been dead for less than ten minutes. */
    all: (): Promise<Owner[]> => rows.find().toArray(),

    /** Declares an owner dead unless it has beaten since it was read. Atomic: one conditional update. */
    declareDead: async ({ _id, beats }: Pick<Owner, '_id' | 'beats'>): Promise<boolean> => {
      const dead = await rows.updateOne({ _id, beats, dead_at: null }, { $currentDate: { dead_at: true } });
      return dead.matchedCount === 1;
    },

    /** The owner itself ends: it writes and sends no more. Atomic: one conditional update. */
    end: async (_id: string): Promise<void> => {
      await rows.updateOne({ _id, dead_at: null }, { $currentDate: { dead_at: true } });
    },
  };
}
