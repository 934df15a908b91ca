import type { AnyBulkWriteOperation, Document, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One attempt as its endpoint answered it. */
export interface DeliveryTry {
  readonly at: Date;
  /** Null: no answer came, and `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
  /** The first kilobyte of the answer. */
  readonly answer: string;
}

/** What became of one event at one endpoint. */
export interface Delivery {
  /** Endpoint and event. */
  readonly _id: string;
  readonly account: number;
  readonly endpoint: number;
  /** The public id of the event. */
  readonly event: string;
  /** Its place; null for a test, which is no event. */
  readonly seq: number | null;
  readonly type: string;
  readonly state: DeliveryState;
  /** Of the current run; a replay begins anew. */
  readonly attempts: number;
  /** The last ones, the newest last. */
  readonly tries: readonly DeliveryTry[];
  /** When it is tried again; null: not. */
  readonly due: Date | null;
  /** When somebody asked last that it be delivered once more. */
  readonly replayed_at?: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly expires_at: Date;
}

/** What is to be written down about one attempt. */
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
  /** `created_at` and id of the last one that was seen. */
  readonly after?: { readonly at: Date; readonly event: string };
  readonly limit: number;
}

export type Deliveries = ReturnType<typeof deliveries>;

const KEPT_FOR = 30 * 24 * 3_600_000;
const TRIES_KEPT = 12;

/** The log of an endpoint, which is also where what must be tried again waits. */
export function deliveries(store: Store) {
  const rows = majorityCollection<Delivery>(store, 'deliveries');
  const write = async (operations: AnyBulkWriteOperation<Delivery>[]): Promise<void> => {
    if (operations.length > 0) await rows.bulkWrite(operations, { ordered: false });
  };

  return {
    /**
     * Writes attempts down; one that began before a replay was asked for is logged and settles nothing. Each row is atomic;
     * writing one down again adds it to the log again and changes nothing else.
     */
    record: (owner: Owner, results: readonly DeliveryResult[]): Promise<void> =>
      write(
        results.map(({ event, seq, type, state, attempt, due, tried }) =>
          upsert(owner, { event, seq, type }, unlessReplayed(tried.at, { state, attempts: attempt, due }), [tried]),
        ),
      ),

    /** To be delivered (again), from the first attempt on, at once and in order. Each row is atomic. */
    replay: (owner: Owner, events: readonly Pick<Delivery, 'event' | 'seq' | 'type'>[], due: Date): Promise<void> =>
      write(events.map((event) => upsert(owner, event, { state: 'waiting', attempts: 0, due, replayed_at: due }, []))),

    /** What is due by then, the longest due first, in the order of the river. */
    due: ({ _id, account }: Owner, by: Date, limit: number): Promise<Delivery[]> =>
      rows
        .find({ endpoint: _id, account, due: { $lte: by } })
        .sort({ due: 1, seq: 1 })
        .limit(limit)
        .toArray(),

    /** When something is due next; null: nothing waits. */
    nextDue: async ({ _id, account }: Owner): Promise<Date | null> => {
      const waiting = { endpoint: _id, account, due: { $type: 'date' } } as Filter<Delivery>;
      return (await rows.findOne(waiting, { sort: { due: 1 }, projection: { due: 1 } }))?.due ?? null;
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

/** Expressions: what an attempt comes to, or what stands there where a replay was asked for after it had begun. */
function unlessReplayed(begun: Date, status: DeliveryStatus): Record<keyof DeliveryStatus, Document> {
  const unless = (field: keyof DeliveryStatus) => ({
    $cond: [{ $gte: ['$replayed_at', begun] }, `$${field}`, status[field]],
  });
  return { state: unless('state'), attempts: unless('attempts'), due: unless('due') };
}

/** One update as a pipeline, in which everything from outside is a literal. */
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
