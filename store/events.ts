import type { AnyBulkWriteOperation, ClientSession } from 'mongodb';
import { now } from '../clock.js';
import type { Store } from './connect.js';
import { duplicatesIn } from './duplicate-key.js';

/** One thing that happened. `_id` is deterministic wherever a retry could repeat the append. */
export interface Event {
  readonly _id: string;
  readonly account: number;
  /** `campaign.sent`, `subscriber.created`, `recipient.uncertain` … */
  readonly type: string;
  readonly at: Date;
  readonly campaign?: number;
  readonly subscriber?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export type Events = ReturnType<typeof events>;

/** The river: what happened is appended here and nowhere else. */
export function events({ db }: Store) {
  const river = db.collection<Event>('events');
  return {
    /**
     * Appends each event whose id is not there yet; repeating the call changes nothing. Within a transaction a known id
     * ends the transaction instead, as the store leaves no choice.
     */
    append: async (
      happened: readonly Omit<Event, 'at'>[],
      at: Date = now(),
      session?: ClientSession,
    ): Promise<void> => {
      if (happened.length === 0) return;
      const inserts: AnyBulkWriteOperation<Event>[] = happened.map((event) => ({
        insertOne: { document: { ...event, at } },
      }));
      try {
        await river.bulkWrite(inserts, { ordered: false, ...(session && { session }) });
      } catch (error) {
        if (session !== undefined) throw error;
        duplicatesIn(error);
      }
    },

    ofCampaign: (account: number, campaign: number): Promise<Event[]> =>
      river.find({ account, campaign }).sort({ at: 1, _id: 1 }).toArray(),
  };
}
