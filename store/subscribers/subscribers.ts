import type { Collection, Filter, FindCursor } from 'mongodb';
import type { Attributes, SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import { refusesTracking } from '../../domain/tracking/visit.js';
import type { Store } from '../mongo/connect.js';
import { findOwned, type Owned } from '../mongo/ownership.js';
import { suppressedKeys, suppressions } from '../suppressions/suppressions.js';
import { subscriberBatches } from './batches.js';
import { subscriberChanges } from './changes.js';
import { definedNames } from './custom-fields.js';
import { subscriberDepartures } from './departures.js';
import type { Subscriber } from './row.js';

/** The fields of a recipient that a mail needs. */
export interface Recipient {
  readonly _id: number;
  readonly list_id: number;
  readonly email: string;
  readonly email_key: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly attributes: Attributes;
  readonly tags: readonly string[];
  readonly status: SubscriberStatus;
  readonly left_at?: Date;
}

export interface SubscriberQuery {
  readonly list?: number | undefined;
  readonly status?: SubscriberStatus | undefined;
  readonly tag?: string | undefined;
  /** Matches anywhere in address, first or last name, in any case. */
  readonly search?: string | undefined;
}

interface AudienceSlice {
  readonly account: number;
  readonly list: number;
  /** Ids above this one. */
  readonly after: number;
  /** Ids up to and including this one. */
  readonly upTo: number;
  /** Subscribers of a batch. */
  readonly atOnce: number;
}

/** A subscriber's id and address. */
type Addressed = Pick<Subscriber, '_id' | 'email_key'>;

/** Subscribers of whom one is nearly always sendable. */
const CHECKED_AT_ONCE = 100;

export type Subscribers = ReturnType<typeof subscribers>;

/** Fields of each subscriber that a template may use. */
const TEMPLATE_FIELDS = ['first_name', 'last_name', 'email'];
/** How many of the newest subscribers are read for the names of their attributes. */
const NEWEST_READ = 200;

const FOR_SENDING = {
  list_id: 1,
  email: 1,
  email_key: 1,
  first_name: 1,
  last_name: 1,
  attributes: 1,
  tags: 1,
  status: 1,
  left_at: 1,
} as const;

const TRACKING_FIELDS = { 'attributes.track': 1, 'attributes.do_not_track': 1 } as const;

export function subscribers(store: Store) {
  const rows = store.db.collection<Subscriber>('subscribers');
  return {
    ...subscriberChanges(store),
    ...subscriberDepartures(store),
    ...subscriberBatches(store),
    ...forTemplates(store, rows),
    ...byLink(rows),
    ...audiences(store, rows),

    find: (account: number, id: number): Promise<Owned<Subscriber>> => findOwned(rows, account, id),

    /** One person's rows, one for each list. */
    onEveryList: (account: number, emailKey: string): Promise<Subscriber[]> =>
      rows.find({ account, email_key: emailKey }).sort({ list_id: 1 }).toArray(),

    /** One page, oldest first, and the total number. */
    page: async (account: number, query: SubscriberQuery, skip: number, limit: number) => {
      const filter = matching(account, query);
      // Ids first: they come from an index alone, so that only the rows of this page are read, at any depth.
      const skipped = rows.find(filter).project<{ _id: number }>({ _id: 1 }).sort({ _id: 1 }).skip(skip).limit(limit);
      const ids = (await skipped.toArray()).map(({ _id }) => _id);
      const found = await rows
        .find({ _id: { $in: ids }, account })
        .sort({ _id: 1 })
        .toArray();
      return { found, total: await rows.countDocuments(filter) };
    },

    /** All subscribers of a list in order of ids, in batches; the caller reads to the end or closes the cursor. */
    allOnList: (account: number, list: number): FindCursor<Subscriber> =>
      rows.find({ account, list_id: list }).sort({ _id: 1 }).batchSize(1_000),

    /** The recipients of a window, in no order; deleted ones are missing. */
    forSending: (account: number, ids: readonly number[]): Promise<Recipient[]> =>
      rows
        .find({ _id: { $in: [...ids] }, account })
        .project<Recipient>(FOR_SENDING)
        .toArray(),
  };
}

function audiences(store: Store, rows: Collection<Subscriber>) {
  const active = ({ account, list, after, upTo, atOnce }: AudienceSlice): AsyncGenerator<readonly Addressed[]> =>
    readingAhead(
      rows
        .find({ account, list_id: list, status: 'active', _id: { $gt: after, $lte: upTo } })
        .project<Addressed>({ email_key: 1 })
        .sort({ _id: 1 })
        .batchSize(atOnce),
    );
  return {
    /** Active subscribers of a list in order of ids, in batches from one cursor, the next read while one is used. */
    active,

    /** Number of active subscribers up to an id, counted in an index alone. */
    countActive: (account: number, list: number, upTo: number): Promise<number> =>
      rows.countDocuments({ account, list_id: list, status: 'active', _id: { $lte: upTo } }),

    /** The highest id of an active subscriber; 0 for an empty list. */
    highestId: async (account: number, list: number): Promise<number> => {
      const active = { account, list_id: list, status: 'active' as const };
      const last = await rows.findOne(active, { projection: { _id: 1 }, sort: { _id: -1 } });
      return last?._id ?? 0;
    },

    /** Whether any subscriber is active and not suppressed. Reads until the first one. */
    hasSendable: async (account: number, list: number): Promise<boolean> => {
      const { among } = suppressions(store);
      const whole = { account, list, after: 0, upTo: Number.MAX_SAFE_INTEGER, atOnce: CHECKED_AT_ONCE };
      for await (const people of active(whole)) {
        const keys = people.map(({ email_key }) => email_key);
        if ((await among(account, keys)).size < keys.length) return true;
      }
      return false;
    },

    /** Active and not suppressed. Counted as active minus suppressed, because fewer are suppressed. */
    countSendable: async (account: number, list: number): Promise<number> => {
      const active = { account, list_id: list, status: 'active' as const };
      let count = await rows.countDocuments(active);
      for await (const keys of suppressedKeys(store, account)) {
        count -= await rows.countDocuments({ ...active, email_key: { $in: keys } });
      }
      return count;
    },
  };
}

/** The batches of a cursor. A reader that stops early leaves no cursor open on the server. */
async function* readingAhead<T>(cursor: FindCursor<T>): AsyncGenerator<readonly T[]> {
  const read = async () => ((await cursor.hasNext()) ? cursor.readBufferedDocuments() : []);
  try {
    let next = read();
    for (let batch = await next; batch.length > 0; batch = await next) {
      next = read();
      // The caller sees a failure once it asks for the next batch.
      next.catch(() => undefined);
      yield batch;
    }
  } finally {
    await cursor.close();
  }
}

function forTemplates(store: Store, rows: Collection<Subscriber>) {
  return {
    /** Whole rows, in no order; deleted ones are missing. */
    findMany: (account: number, ids: readonly number[]): Promise<Subscriber[]> =>
      rows.find({ _id: { $in: [...ids] }, account }).toArray(),

    /**
     * Names that a letter to this list may use: built-in fields, defined fields, and attributes of the newest
     * subscribers.
     */
    fieldNames: async (account: number, list: number): Promise<string[]> => {
      const newest = rows.find({ account, list_id: list }).sort({ _id: -1 }).limit(NEWEST_READ);
      const known = await newest.project<Pick<Subscriber, 'attributes'>>({ attributes: 1, _id: 0 }).toArray();
      const defined = await definedNames(store, account);
      const names = [...defined, ...known.flatMap(({ attributes }) => Object.keys(attributes))];
      return [...new Set([...TEMPLATE_FIELDS, ...names.sort()])];
    },
  };
}

/** The signature of the link is the authority here, hence no account. */
function byLink(rows: Collection<Subscriber>) {
  return {
    /** The row of a signed link. */
    ofLink: (id: number): Promise<Subscriber | null> => rows.findOne({ _id: id }),

    /** Those of these ids that exist and do not refuse tracking. */
    trackableAmong: async (ids: readonly number[]): Promise<ReadonlySet<number>> => {
      const found = rows
        .find({ _id: { $in: [...ids] } })
        .project<Pick<Subscriber, '_id' | 'attributes'>>(TRACKING_FIELDS);
      return new Set(
        (await found.toArray()).flatMap(({ _id, attributes }) => (refusesTracking(attributes) ? [] : _id)),
      );
    },
  };
}

function matching(account: number, { list, status, tag, search }: SubscriberQuery): Filter<Subscriber> {
  const pattern = search ? { $regex: search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), $options: 'i' } : undefined;
  return {
    account,
    ...(list !== undefined && { list_id: list }),
    ...(status !== undefined && { status }),
    ...(tag !== undefined && { tags: tag }),
    ...(pattern && { $or: [{ email: pattern }, { first_name: pattern }, { last_name: pattern }] }),
  };
}
