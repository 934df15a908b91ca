import type { Collection, Document } from 'mongodb';
import type { SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';
import { suppressedKeys, suppressions } from '../suppressions/suppressions.js';
import type { Subscriber } from './row.js';

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

/** The fields that decide whether a subscriber becomes a recipient. */
interface Candidate {
  readonly _id: number;
  readonly status: SubscriberStatus;
  /** Identity of the address of an active subscriber; absent for the others. */
  readonly email_key?: string;
}

/** Subscribers of whom one is nearly always sendable. */
const CHECKED_AT_ONCE = 100;

/** A list as the audience of a campaign. */
export function audiences(store: Store, rows: Collection<Subscriber>) {
  return {
    /** Everyone on a list in order of ids, in batches, the next read while one is used. Each person is in one batch, once. */
    inOrder: (slice: AudienceSlice): AsyncGenerator<readonly Candidate[]> => inOrder(rows, slice),

    /** Number of active subscribers up to an id, counted in an index alone. */
    countActive: (account: number, list: number, upTo: number): Promise<number> =>
      rows.countDocuments({ account, list_id: list, status: 'active', _id: { $lte: upTo } }),

    /** The highest id of a subscriber, whatever the status; 0 for an empty list. */
    highestId: async (account: number, list: number): Promise<number> => {
      const last = await rows.findOne({ account, list_id: list }, { projection: { _id: 1 }, sort: { _id: -1 } });
      return last?._id ?? 0;
    },

    /** Whether any subscriber is active and not suppressed. Reads until the first one. */
    hasSendable: async (account: number, list: number): Promise<boolean> => {
      const { among } = suppressions(store);
      const active = rows.find({ account, list_id: list, status: 'active' }).project<{ email_key: string }>(KEY_ALONE);
      const cursor = active.sort({ _id: 1 }).batchSize(CHECKED_AT_ONCE);
      try {
        while (await cursor.hasNext()) {
          const keys = cursor.readBufferedDocuments().map(({ email_key }) => email_key);
          if ((await among(account, keys)).size < keys.length) return true;
        }
        return false;
      } finally {
        await cursor.close();
      }
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

const KEY_ALONE = { _id: 0, email_key: 1 } as const;

async function* inOrder(
  rows: Collection<Subscriber>,
  { atOnce, ...slice }: AudienceSlice,
): AsyncGenerator<readonly Candidate[]> {
  let next = readBatch(rows, slice, atOnce);
  for (let batch = await next; batch.length > 0; batch = await next) {
    const after = batch.at(-1)?._id ?? slice.upTo;
    next = readBatch(rows, { ...slice, after }, atOnce);
    // The caller sees a failure once it asks for the next batch.
    next.catch(() => undefined);
    yield batch;
  }
}

/** The subscribers of one status, ascending. */
interface StatusGroup {
  readonly _id: SubscriberStatus;
  readonly ids: readonly number[];
  /** Of active subscribers only. */
  readonly keys: readonly string[];
}

/**
 * One document for each status: arrays are read several times faster than as many documents. A person whose status changes
 * while the server reads past them may be in two groups, and counts once.
 */
async function readBatch(
  rows: Collection<Subscriber>,
  { account, list, after, upTo }: Omit<AudienceSlice, 'atOnce'>,
  limit: number,
): Promise<readonly Candidate[]> {
  const groups = await rows
    .aggregate<StatusGroup>([
      { $match: { account, list_id: list, _id: { $gt: after, $lte: upTo } } },
      { $sort: { _id: 1 } },
      { $limit: limit },
      ...BY_STATUS,
    ])
    .toArray();
  const people = new Map<number, Candidate>();
  for (const { _id: status, ids, keys } of groups) {
    for (const [i, _id] of ids.entries()) {
      const email_key = keys[i];
      people.set(_id, { _id, status, ...(email_key !== undefined && { email_key }) });
    }
  }
  return [...people.values()].sort((one, other) => one._id - other._id);
}

const BY_STATUS: readonly Document[] = [
  {
    $group: {
      _id: '$status',
      ids: { $push: '$_id' },
      keys: { $push: { $cond: [{ $eq: ['$status', 'active'] }, '$email_key', '$$REMOVE'] } },
    },
  },
];
