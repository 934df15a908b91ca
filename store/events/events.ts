import { createHash } from 'node:crypto';
import type { AnyBulkWriteOperation, ClientSession } from 'mongodb';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { duplicatesIn } from '../mongo/duplicate-key.js';

/** An event of an account. `_id` is deterministic wherever a retry could repeat the append. */
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

/** An event as it is stored in the event log. */
export interface StoredEvent extends Event {
  /** The id that the API shows, derived from `_id`. */
  readonly public_id: string;
  /** Its number within its append, until `store/events/event-log.ts` assigns its sequence number. */
  readonly append_index?: number;
  /** Its sequence number among the events of its account: 1, 2, 3 … */
  readonly seq?: number;
}

export type Events = ReturnType<typeof events>;

/** The event log: every event is appended here. */
export function events({ db }: Store) {
  const rows = db.collection<StoredEvent>('events');
  return {
    /**
     * Appends each event whose id is new; repeating the call changes nothing. Within a transaction a known id aborts
     * the transaction, because MongoDB allows no other behaviour.
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
     * Events of these types that happened to a message after it was sent, oldest first, at most `limit`. Their ids
     * begin with the message's id, so they are found before they have a sequence number.
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

/** `evt_` and 24 characters. The same event always has the same id. */
export function publicIdOf({ account, _id }: Pick<Event, 'account' | '_id'>): string {
  const bytes = createHash('sha256').update(`${account}\n${_id}`).digest().subarray(0, 24);
  return `evt_${[...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
}
