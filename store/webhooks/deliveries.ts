import type { AnyBulkWriteOperation, Document, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed'] as const;
type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One attempt and the endpoint's response. */
export interface DeliveryTry {
  readonly at: Date;
  /** Null: no response; `error` has the cause. */
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
  /** The first kilobyte of the response. */
  readonly answer: string;
}

/** The delivery of one event to one endpoint. */
export interface Delivery {
  /** Endpoint and event. */
  readonly _id: string;
  readonly account: number;
  readonly endpoint: number;
  /** The public id of the event. */
  readonly event: string;
  /** Its sequence number; null for a test delivery. */
  readonly seq: number | null;
  readonly type: string;
  readonly state: DeliveryState;
  /** Since the last replay. */
  readonly attempts: number;
  /** The latest attempts, the newest last. */
  readonly tries: readonly DeliveryTry[];
  /** When the next attempt is due; null: none. */
  readonly due: Date | null;
  /** When the last replay was requested. */
  readonly replayed_at?: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly expires_at: Date;
}

/** The result of one attempt, to be written. */
export interface DeliveryResult {
  readonly event: string;
  readonly seq: number | null;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly due: Date | null;
  readonly tried: DeliveryTry;
}

interface Owner {
  readonly _id: number;
  readonly account: number;
}

export interface DeliveryQuery {
  readonly state?: DeliveryState;
  readonly event?: string;
  /** `created_at` and event id of the last delivery on the page before. */
  readonly after?: { readonly at: Date; readonly event: string };
  readonly limit: number;
}

export type Deliveries = ReturnType<typeof deliveries>;

const KEPT_FOR = 30 * 24 * 3_600_000;
const TRIES_KEPT = 12;
const FAILURES_READ = 20;

/** The delivery log of endpoints, which also holds the retries that are due. */
export function deliveries(store: Store) {
  const rows = majorityCollection<Delivery>(store, 'deliveries');
  const write = async (operations: AnyBulkWriteOperation<Delivery>[]): Promise<void> => {
    if (operations.length > 0) await rows.bulkWrite(operations, { ordered: false });
  };

  return {
    /**
     * Writes results. The result of an attempt that began before a replay was requested is logged and does not change the state.
     * Each row is atomic; a repetition adds the attempt to the log again and changes nothing else.
     */
    record: (owner: Owner, results: readonly DeliveryResult[]): Promise<void> =>
      write(
        results.map(({ event, seq, type, state, attempt, due, tried }) =>
          upsert(owner, { event, seq, type }, unlessReplayed(tried.at, { state, attempts: attempt, due }), [tried]),
        ),
      ),

    /** Makes the events due at `due` with no attempts counted. Each row is atomic. */
    replay: (owner: Owner, events: readonly Pick<Delivery, 'event' | 'seq' | 'type'>[], due: Date): Promise<void> =>
      write(events.map((event) => upsert(owner, event, { state: 'waiting', attempts: 0, due, replayed_at: due }, []))),

    /** Makes all waiting deliveries due at `due`, where their retries are later. Atomic per row. */
    retryAt: async ({ _id, account }: Owner, due: Date): Promise<void> => {
      await rows.updateMany({ endpoint: _id, account, due: { $gt: due } }, { $set: { due, updated_at: due } });
    },

    /** Deliveries due by `by`: the longest due first, then by sequence number. */
    due: ({ _id, account }: Owner, by: Date, limit: number): Promise<Delivery[]> =>
      rows
        .find({ endpoint: _id, account, due: { $lte: by } })
        .sort({ due: 1, seq: 1 })
        .limit(limit)
        .toArray(),

    /** When the next retry is due; null: none waits. */
    nextDue: async ({ _id, account }: Owner): Promise<Date | null> => {
      const waiting = { endpoint: _id, account, due: { $type: 'date' } } as Filter<Delivery>;
      return (await rows.findOne(waiting, { sort: { due: 1 }, projection: { due: 1 } }))?.due ?? null;
    },

    /** The deliveries of these events to these endpoints, in no order. */
    ofEvents: (account: number, endpoints: readonly number[], events: readonly string[]): Promise<Delivery[]> => {
      const ids = endpoints.flatMap((endpoint) => events.map((event) => `${endpoint}:${event}`));
      return ids.length === 0 ? Promise.resolve([]) : rows.find({ _id: { $in: ids }, account }).toArray();
    },

    /** The last attempt that failed, among the newest deliveries that have none that succeeded; null: none failed. */
    lastFailure: async ({ _id, account }: Owner): Promise<DeliveryTry | null> => {
      const open = { endpoint: _id, account, state: { $ne: 'delivered' as const } };
      const newest = await rows.find(open).sort({ created_at: -1, event: -1 }).limit(FAILURES_READ).toArray();
      const tries = newest.flatMap(({ tries }) => tries);
      return tries.toSorted((one, other) => one.at.getTime() - other.at.getTime()).at(-1) ?? null;
    },

    /** The newest first. */
    page: ({ _id, account }: Owner, { state, event, after, limit }: DeliveryQuery): Promise<Delivery[]> => {
      const earlier = after && {
        $or: [{ created_at: { $lt: after.at } }, { created_at: after.at, event: { $lt: after.event } }],
      };
      const filter = { endpoint: _id, account, ...(state && { state }), ...(event && { event }), ...earlier };
      return rows.find(filter).sort({ created_at: -1, event: -1 }).limit(limit).toArray();
    },
  };
}

type DeliveryStatus = Pick<Delivery, 'state' | 'attempts' | 'due'>;

/** Update expressions: the new status, or the stored one where a replay was requested after the attempt began. */
function unlessReplayed(begun: Date, status: DeliveryStatus): Record<keyof DeliveryStatus, Document> {
  const unless = (field: keyof DeliveryStatus) => ({
    $cond: [{ $gte: ['$replayed_at', begun] }, `$${field}`, status[field]],
  });
  return { state: unless('state'), attempts: unless('attempts'), due: unless('due') };
}

/** An update pipeline. Every value from outside is a `$literal`, so that none is read as an expression. */
function upsert(
  { _id: endpoint, account }: Owner,
  { event, seq, type }: Pick<Delivery, 'event' | 'seq' | 'type'>,
  status: Record<keyof DeliveryStatus, Document> | (DeliveryStatus & { readonly replayed_at: Date }),
  tries: readonly DeliveryTry[],
): AnyBulkWriteOperation<Delivery> {
  const at = now();
  const kept = { updated_at: at, expires_at: new Date(at.getTime() + KEPT_FOR) };
  const first = { account, endpoint, event, seq, type, created_at: at };
  const log = { $concatArrays: [{ $ifNull: ['$tries', []] }, { $literal: tries }] };
  const inserted = Object.entries(first).map(([field, value]) => [
    field,
    { $ifNull: [`$${field}`, { $literal: value }] },
  ]);
  const $set = { ...status, ...kept, ...Object.fromEntries(inserted), tries: { $slice: [log, -TRIES_KEPT] } };
  return { updateOne: { filter: { _id: `${endpoint}:${event}` }, update: [{ $set }], upsert: true } };
}
