import { createHash } from 'node:crypto';
import type { AnyBulkWriteOperation, ClientSession } from 'mongodb';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { duplicatesIn } from '../mongo/duplicate-key.js';

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

/** An event as it lies in the river. */
export interface StoredEvent extends Event {
  /** The id that callers know it by, made from `_id`. */
  readonly public_id: string;
  /** Its number within its append, as long as it has no place in the order; `store/events/event-log.ts` gives it one. */
  readonly append_index?: number;
  /** Its place among the events of its account: 1, 2, 3 … */
  readonly seq?: number;
}

export type Events = ReturnType<typeof events>;

/** The river: what happened is appended here and nowhere else. */
export function events({ db }: Store) {
  const rows = db.collection<StoredEvent>('events');
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
      const inserts: AnyBulkWriteOperation<StoredEvent>[] = happened.map((event, append_index) => ({
        insertOne: { document: { ...event, at, public_id: publicIdOf(event), append_index } },
      }));
      try {
        await rows.bulkWrite(inserts, { ordered: false, ...(session && { session }) });
      } catch (error) {
        if (session !== undefined) throw error;
        duplicatesIn(error);
      }
    },

    /**
     * What came of a message after it had gone out, of these types: at most so many, the first first. Their ids begin with
     * the message's, so they are found at once, with or without a place in the order.
     */
    ofMessage: (account: number, message: string, types: readonly string[], limit: number): Promise<Event[]> =>
      rows
        .find({ _id: { $gte: `message:${message}:`, $lt: `message:${message};` }, account, type: { $in: [...types] } })
        .sort({ at: 1, _id: 1 })
        .limit(limit)
        .toArray(),

    ofCampaign: (account: number, campaign: number): Promise<Event[]> =>
      rows.find({ account, campaign }).sort({ at: 1, _id: 1 }).toArray(),
  };
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `evt_` and 24 characters: the same for the same event, whoever appends it, and how often. */
export function publicIdOf({ account, _id }: Pick<Event, 'account' | '_id'>): string {
  const bytes = createHash('sha256').update(`${account}\n${_id}`).digest().subarray(0, 24);
  return `evt_${[...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
}
