import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import { LIVE_STATES } from '../../domain/campaign/campaign.js';
import { eventLog } from '../events/event-log.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addOnce } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';
import { startedNotices } from './started-notices.js';

interface ListDefaults {
  readonly from: { readonly name: string | null; readonly email: string } | null;
  readonly reply_to: string | null;
  readonly subject: string | null;
}

interface ListCompany {
  readonly name: string | null;
  readonly address_1: string | null;
  readonly address_2: string | null;
  readonly city: string | null;
  readonly zone: string | null;
  readonly zip_code: string | null;
  readonly country: string | null;
}

interface ListNotifications {
  readonly subscribe: boolean;
  readonly unsubscribe: boolean;
  readonly subscribe_to: string | null;
  readonly unsubscribe_to: string | null;
}

export interface List {
  readonly _id: number;
  readonly account: number;
  readonly uid: string;
  readonly name: string;
  readonly description: string | null;
  readonly defaults: ListDefaults;
  readonly company: ListCompany;
  readonly notifications: ListNotifications;
  /** People who sign up on the list's page must confirm by mail. Lists from before this setting do not have it. */
  readonly double_opt_in?: boolean;
  /** The language of its mails, if set. */
  readonly language?: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The list is being deleted: it is hidden, and deleting it again finishes the work. */
  readonly deleting?: true;
  /** The Idempotency-Key's claim that created it, so that a retry after a crash finds it. */
  readonly origin?: string;
}

type Given<T> = { readonly [Field in keyof T]?: T[Field] | undefined };

/** Fields that callers may set; omitted inner fields stay as they are. */
export interface ListFields {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly defaults?: Given<ListDefaults> | undefined;
  readonly company?: Given<ListCompany> | undefined;
  readonly notifications?: Given<ListNotifications> | undefined;
  readonly double_opt_in?: boolean | undefined;
  readonly language?: string | null | undefined;
}

const NO_DEFAULTS: ListDefaults = { from: null, reply_to: null, subject: null };
const NO_COMPANY: ListCompany = {
  name: null,
  address_1: null,
  address_2: null,
  city: null,
  zone: null,
  zip_code: null,
  country: null,
};
const NO_NOTIFICATIONS: ListNotifications = {
  subscribe: false,
  unsubscribe: false,
  subscribe_to: null,
  unsubscribe_to: null,
};

/** Counted from the rows on each read, so that a crash cannot make the numbers wrong. */
export interface ListCounts {
  readonly total: number;
  readonly active: number;
}

export type Lists = ReturnType<typeof lists>;

export function lists(store: Store) {
  const rows = store.db.collection<List>('lists');
  const log = eventLog(store);
  const subscribers = store.db.collection<StatusRow>('subscribers');
  const campaigns = store.db.collection<{ account: number; list_id: number; state: string }>('campaigns');
  const confirmations = store.db.collection<{ account: number; list_id: number }>('confirmations');
  const ids = counters(store);

  const find = async (account: number, id: number): Promise<Owned<List>> => {
    const found = await findOwned(rows, account, id);
    return typeof found === 'object' && found.deleting === true ? 'missing' : found;
  };

  return {
    find,

    ...reading(rows),

    /** Adds a list; the same `origin` returns the existing one. Atomic: one insert. */
    create: async (account: number, fields: ListFields & { name: string }, origin?: string): Promise<List> => {
      const list = newList(await ids.block('lists'), account, fields, origin);
      const off = { account, notifications: NO_NOTIFICATIONS };
      return addOnce(rows, { ...list, ...(await startedNotices(log, off, fields.notifications)) });
    },

    /** Atomic: one update of the named fields. Notifications that are turned on cover only later events. */
    change: async (account: number, id: number, fields: ListFields): Promise<Owned<List>> => {
      const before = fields.notifications === undefined ? 'missing' : await find(account, id);
      const started = typeof before === 'object' ? await startedNotices(log, before, fields.notifications) : {};
      const changed = await rows.findOneAndUpdate(
        { _id: id, account, deleting: { $exists: false } },
        { $set: { ...named(fields), ...started, updated_at: now() } },
        { returnDocument: 'after' },
      );
      return changed ?? explainNoMatch(rows, account, id);
    },

    /**
     * Deletes the list and its subscribers. The list is hidden from the first of three steps on; repeating the call
     * finishes them.
     */
    remove: async (account: number, id: number): Promise<'done' | 'in_use' | 'missing' | 'foreign'> => {
      const found = await findOwned(rows, account, id);
      if (typeof found === 'string') return found;
      const live = { account, list_id: id, state: { $in: [...LIVE_STATES] } };
      if ((await campaigns.countDocuments(live, { limit: 1 })) > 0) return 'in_use';
      await rows.updateOne({ _id: id, account }, { $set: { deleting: true } });
      await subscribers.deleteMany({ account, list_id: id });
      await confirmations.deleteMany({ account, list_id: id });
      await rows.deleteOne({ _id: id, account });
      return 'done';
    },

    /** Subscribers of each list, read from an index alone. */
    counts: (account: number, listIds: readonly number[]): Promise<Map<number, ListCounts>> =>
      countByStatus(subscribers, account, listIds),
  };
}

function reading(rows: Collection<List>) {
  return {
    ofAccount: (account: number): Promise<List[]> =>
      rows
        .find({ account, deleting: { $exists: false } })
        .sort({ _id: 1 })
        .toArray(),

    /** Names of these lists; deleted ones are missing. */
    namesOf: async (account: number, ids: readonly number[]): Promise<ReadonlyMap<number, string>> => {
      const found = rows.find({ _id: { $in: [...ids] }, account }).project<Pick<List, '_id' | 'name'>>({ name: 1 });
      return new Map((await found.toArray()).map(({ _id, name }) => [_id, name]));
    },

    /** The list of a public URL. The uid, not a key, is the authority here, hence no account. */
    ofUid: (uid: string): Promise<List | null> => rows.findOne({ uid, deleting: { $exists: false } }),

    /** By the uid that the envie API uses; returns the owner, never another account's list. */
    withUid: async (account: number, uid: string): Promise<Owned<List>> => {
      const list = await rows.findOne({ uid, deleting: { $exists: false } });
      if (list === null) return 'missing';
      return list.account === account ? list : 'foreign';
    },
  };
}

interface StatusRow {
  readonly account: number;
  readonly list_id: number;
  readonly status: string;
}

async function countByStatus(
  subscribers: Collection<StatusRow>,
  account: number,
  listIds: readonly number[],
): Promise<Map<number, ListCounts>> {
  const groups = subscribers.aggregate<{ _id: Pick<StatusRow, 'list_id' | 'status'>; n: number }>([
    { $match: { account, list_id: { $in: [...listIds] } } },
    { $group: { _id: { list_id: '$list_id', status: '$status' }, n: { $sum: 1 } } },
  ]);
  const counts = new Map<number, ListCounts>(listIds.map((id) => [id, { total: 0, active: 0 }]));
  for await (const { _id, n } of groups) {
    const before = counts.get(_id.list_id) ?? { total: 0, active: 0 };
    const active = before.active + (_id.status === 'active' ? n : 0);
    counts.set(_id.list_id, { total: before.total + n, active });
  }
  return counts;
}

function newList(id: number, account: number, fields: ListFields & { name: string }, origin?: string): List {
  const at = now();
  return {
    _id: id,
    account,
    uid: randomUUID().replaceAll('-', ''),
    name: fields.name,
    description: fields.description ?? null,
    defaults: { ...NO_DEFAULTS, ...given(fields.defaults) },
    company: { ...NO_COMPANY, ...given(fields.company) },
    notifications: { ...NO_NOTIFICATIONS, ...given(fields.notifications) },
    double_opt_in: fields.double_opt_in ?? false,
    language: fields.language ?? null,
    created_at: at,
    updated_at: at,
    ...(origin && { origin }),
  };
}

/** Paths one level deep: `{ defaults: { subject } }` changes the subject and keeps the sender. */
function named({ defaults, company, notifications, ...fields }: ListFields): Record<string, unknown> {
  const inner = Object.entries({ defaults, company, notifications }).flatMap(([group, values]) =>
    Object.entries(values ?? {}).map(([name, value]) => [`${group}.${name}`, value] as const),
  );
  return { ...fields, ...Object.fromEntries(inner) };
}

function given<T>(values: Given<T> | undefined): Partial<T> {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}
