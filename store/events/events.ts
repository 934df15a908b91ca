import { createHash } from 'node:crypto';
import { type ClientSession, type Collection, MongoBulkWriteError } from 'mongodb';
import { now } from '../../clock.js';
import { sharedCalls } from '../../domain/shared-calls.js';
import { fatesAfter } from '../mongo/bulk-fates.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

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

/** An event that has its sequence number. */
export type SequencedEvent = StoredEvent & { readonly seq: number };

export type Events = ReturnType<typeof events>;

/** The event log: every event is appended here. */
export function events(store: Store) {
  const rows = store.db.collection<StoredEvent>('events');
  const visible = majorityCollection<StoredEvent>(store, 'events');
  const share = sharedCalls<readonly StoredEvent[], Error | undefined>({
    send: (appends) => appendTogether(rows, appends),
    size: { of: ({ length }) => length, most: EVENTS_TOGETHER },
  });
  return {
    /**
     * Appends each event whose id is new; repeating the call changes nothing. Concurrent calls share a command. Within a
     * transaction a known id aborts the transaction, because MongoDB allows no other behaviour.
     */
    append: async (
      happened: readonly Omit<Event, 'at'>[],
      at: Date = now(),
      session?: ClientSession,
    ): Promise<void> => {
      if (happened.length === 0) return;
      const appended = happened.map((event, append_index) => {
        return { ...event, at, public_id: publicIdOf(event), append_index };
      });
      if (session !== undefined) {
        await rows.bulkWrite(appended.map(insertOf), { ordered: false, session });
        return;
      }
      const error = await share(appended);
      if (error !== undefined) throw error;
    },

    /**
     * Events of these types that happened to a message after it was sent, oldest first, at most `limit`. Their ids
     * begin with the message's id, so they are found before they have a sequence number.
     */
    ofMessage: (account: number, message: string, types: readonly string[], limit: number): Promise<Event[]> =>
      visible
        .find({ _id: { $gte: `message:${message}:`, $lt: `message:${message};` }, account, type: { $in: [...types] } })
        .sort({ at: 1, _id: 1 })
        .limit(limit)
        .toArray(),

    /** The end of the last hold of a campaign since its launch; null: it was not held. Its id begins with the launch. */
    lastResumed: (account: number, campaign: number, launch: number): Promise<Event | null> => {
      const ofLaunch = { $gte: `campaign:${campaign}:${launch}:`, $lt: `campaign:${campaign}:${launch};` };
      return visible.findOne({ _id: ofLaunch, account, type: 'campaign.resumed' }, { sort: { at: -1 } });
    },

    /** The last event of these types about a subscriber up to `at`; null where the newest thousand have none. */
    lastAbout: (account: number, subscriber: number, types: readonly string[], at: Date): Promise<Event | null> =>
      visible
        .aggregate<Event>([
          { $match: { account, subscriber, seq: { $exists: true } } },
          { $sort: { seq: -1 } },
          { $limit: NEWEST_READ },
          { $match: { type: { $in: [...types] }, at: { $lte: at } } },
          { $limit: 1 },
        ])
        .next(),

    /** Those of the ids under which an event is stored. */
    existing: async (ids: readonly string[]): Promise<ReadonlySet<string>> => {
      const found = await visible.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } }).toArray();
      return new Set(found.map(({ _id }) => _id));
    },

    ofCampaign: (account: number, campaign: number): Promise<Event[]> =>
      rows.find({ account, campaign }).sort({ at: 1, _id: 1 }).toArray(),
  };
}

const EVENTS_TOGETHER = 1_000;
const NEWEST_READ = 1_000;

function insertOf(document: StoredEvent) {
  return { insertOne: { document } };
}

/** One unordered insert for several appends, and the error of each of them. Never rejects. */
async function appendTogether(
  rows: Collection<StoredEvent>,
  appends: readonly (readonly StoredEvent[])[],
): Promise<(Error | undefined)[]> {
  try {
    await rows.bulkWrite(appends.flat().map(insertOf), { ordered: false });
    return appends.map(() => undefined);
  } catch (error) {
    if (error instanceof MongoBulkWriteError) return errorsOfAppends(error, appends);
    if (appends.length === 1) return [error as Error];
    // No command was sent: one of the appends is at fault.
    return Promise.all(appends.map(async (append) => (await appendTogether(rows, [append]))[0]));
  }
}

/** Known events are no error. Without an answer of the server no append is confirmed. */
function errorsOfAppends(
  error: MongoBulkWriteError,
  appends: readonly (readonly StoredEvent[])[],
): (Error | undefined)[] {
  const fates = fatesAfter(error, appends.flat().length);
  let from = 0;
  return appends.map(({ length }) => {
    const own = fates.slice(from, from + length);
    from += length;
    return own.every((fate) => fate === 'executed' || fate === 'duplicate_key') ? undefined : error;
  });
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `evt_` and 24 characters. The same event always has the same id. */
export function publicIdOf({ account, _id }: Pick<Event, 'account' | '_id'>): string {
  const bytes = createHash('sha256').update(`${account}\n${_id}`).digest().subarray(0, 24);
  return `evt_${[...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
}
