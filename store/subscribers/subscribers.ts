import type { Collection, Filter, FindCursor } from 'mongodb';
import type { Attributes, SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import { refusesTracking } from '../../domain/tracking/visit.js';
import type { Store } from '../mongo/connect.js';
import { findOwned, type Owned } from '../mongo/ownership.js';
import { audiences } from './audience.js';
import { subscriberBatches } from './batches.js';
import { subscriberChanges } from './changes.js';
import { definedNames } from './custom-fields.js';
import { subscriberDepartures } from './departures.js';
import { personReading } from './person.js';
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
  readonly id?: number | undefined;
  /** Identity of the address. */
  readonly emailKey?: string | undefined;
  /** Matches anywhere in address, first or last name, in any case. */
  readonly search?: string | undefined;
}

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
    ...personReading(rows),

    find: (account: number, id: number): Promise<Owned<Subscriber>> => findOwned(rows, account, id),

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

function forTemplates(store: Store, rows: Collection<Subscriber>) {
  return {
    /** Whole rows, in no order; deleted ones are missing. */
    findMany: (account: number, ids: readonly number[]): Promise<Subscriber[]> =>
      rows.find({ _id: { $in: [...ids] }, account }).toArray(),

    /** The newest active subscribers of a list, at most so many. */
    newestActive: (account: number, list: number, most: number): Promise<Recipient[]> =>
      rows
        .find({ account, list_id: list, status: 'active' })
        .project<Recipient>(FOR_SENDING)
        .sort({ _id: -1 })
        .limit(most)
        .toArray(),

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

function matching(account: number, { list, status, tag, id, emailKey, search }: SubscriberQuery): Filter<Subscriber> {
  const pattern = search ? { $regex: search.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), $options: 'i' } : undefined;
  return {
    account,
    ...(list !== undefined && { list_id: list }),
    ...(status !== undefined && { status }),
    ...(tag !== undefined && { tags: tag }),
    ...(id !== undefined && { _id: id }),
    ...(emailKey !== undefined && { email_key: emailKey }),
    ...(pattern && { $or: [{ email: pattern }, { first_name: pattern }, { last_name: pattern }] }),
  };
}
