import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import { now } from '../../clock.js';
import {
  type KnownFields,
  merged,
  NO_FIELDS,
  RESUBSCRIBABLE,
  type SubscriberRequest,
  sameFields,
  tooLarge,
} from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { duplicatesIn, isDuplicateKey } from '../mongo/duplicate-key.js';
import { inTransaction } from '../mongo/transaction.js';
import { type Cap, capacity } from '../quotas/capacity.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';
import { changesBetween, newRow, type Subscriber } from './row.js';

export interface BatchCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly reactivated: number;
  /** Indexes of the requests that exceed the limits of a person; they change nothing. */
  readonly refused: readonly number[];
  /** Indexes of the requests for new people beyond the capacity of the plan. */
  readonly overCapacity: readonly number[];
}

interface Batch {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly requests: readonly SubscriberRequest[];
  /** False: people who unsubscribed stay unsubscribed. True if absent. */
  readonly reactivate?: boolean;
}

interface NumberedRequest {
  readonly request: SubscriberRequest;
  readonly index: number;
}

type Fate = 'created' | 'updated' | 'unchanged' | 'refused' | 'over';

/**
 * Writes many rows at once. Each row is atomic and repeating a batch changes nothing; single rows publish no events.
 */
export function subscriberBatches(store: Store) {
  const context = { store, rows: store.db.collection<Subscriber>('subscribers') };
  return {
    /** Upserts, and reactivates unsubscribed people unless `reactivate` is false; bounced and complained ones stay. */
    addBatch: async (batch: Batch): Promise<BatchCounts> => {
      const counts = await run(context, batch);
      const keys = batch.requests
        .filter((_, index) => !counts.refused.includes(index))
        .map((request) => request.email_key);
      const at = now();
      const back = await context.rows.updateMany(
        {
          account: batch.account,
          list_id: batch.list,
          email_key: { $in: keys },
          status: { $in: [...RESUBSCRIBABLE] },
          ...(batch.reactivate === false && { unsubscribed_at: null }),
        },
        { $set: { status: 'active', subscribed_at: at, unsubscribed_at: null, updated_at: at } },
      );
      return { ...counts, reactivated: back.modifiedCount };
    },
  };
}

interface BatchContext {
  readonly store: Store;
  readonly rows: Collection<Subscriber>;
}

async function run(context: BatchContext, batch: Batch): Promise<Omit<BatchCounts, 'reactivated'>> {
  const fates: Fate[] = [];
  let open: readonly NumberedRequest[] = batch.requests.map((request, index) => ({ request, index }));
  while (open.length > 0) open = await apply(context, batch, open, fates);
  const count = (fate: Fate) => fates.filter((one) => one === fate).length;
  const which = (fate: Fate) => fates.flatMap((one, index) => (one === fate ? [index] : []));
  const [refused, overCapacity] = [which('refused'), which('over')];
  const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
  return { created, updated, unchanged, refused, overCapacity };
}

/** Writes the requests; returns those whose person another writer has inserted meanwhile. */
async function apply(
  { store, rows }: BatchContext,
  batch: Batch,
  requests: readonly NumberedRequest[],
  fates: Fate[],
): Promise<readonly NumberedRequest[]> {
  const before = await known(rows, batch, requests);
  const after = applyRequests(batch, requests, before, fates);
  const fresh = [...after.values()].filter((row) => !before.has(row.email_key));
  const first = fresh.length === 0 ? 0 : await counters(store).block('subscribers', fresh.length);
  const numbered = fresh.map((row, offset) => ({ ...row, _id: first + offset }));
  const { duplicates, overCapacity } = await insertSubscribers(store, batch.account, numbered);
  const changes = updates(before, after);
  if (changes.length > 0) await rows.bulkWrite(changes, { ordered: false });
  for (const { request, index } of requests) if (overCapacity.has(request.email_key)) fates[index] = 'over';
  const keys = fresh.map((row) => row.email_key).filter((key) => !overCapacity.has(key));
  await restoreErasedAddresses(store, batch.account, keys);
  return requests.filter(({ request }) => duplicates.has(request.email_key));
}

async function known(rows: Collection<Subscriber>, { account, list }: Batch, requests: readonly NumberedRequest[]) {
  const keys = [...new Set(requests.map(({ request }) => request.email_key))];
  const found = await rows.find({ list_id: list, email_key: { $in: keys }, account }).toArray();
  return new Map(found.map((row) => [row.email_key, row]));
}

/** Applies the requests in order; a second request for one person starts from the row of the first. */
function applyRequests(
  batch: Batch,
  requests: readonly NumberedRequest[],
  before: ReadonlyMap<string, Subscriber>,
  fates: Fate[],
): Map<string, Subscriber> {
  const after = new Map(before);
  for (const { request, index } of requests) {
    const person = after.get(request.email_key);
    const fields = merged(person ?? NO_FIELDS, request);
    const fate = fateOf(person, fields);
    fates[index] = fate;
    if (fate === 'created') after.set(request.email_key, newRow(batch, request, index));
    if (fate === 'updated' && person !== undefined) after.set(request.email_key, { ...person, ...fields });
  }
  return after;
}

function fateOf(person: Subscriber | undefined, fields: KnownFields): Fate {
  if (tooLarge(fields) !== undefined) return 'refused';
  if (person === undefined) return 'created';
  return sameFields(person, fields) ? 'unchanged' : 'updated';
}

function updates(
  before: ReadonlyMap<string, Subscriber>,
  after: ReadonlyMap<string, Subscriber>,
): AnyBulkWriteOperation<Subscriber>[] {
  return [...before].flatMap(([key, old]) => {
    const row = after.get(key);
    if (row === undefined || row === old) return [];
    return [{ updateOne: { filter: { _id: old._id, account: old.account }, update: changesBetween(old, row) } }];
  });
}

/** Rows that were not inserted, by the identity of the address. */
interface InsertResult {
  /** Another writer inserted the person first. */
  readonly duplicates: Set<string>;
  /** Beyond the capacity of the plan. */
  readonly overCapacity: ReadonlySet<string>;
}

/** Inserts many rows; under a cap only the first ones within the capacity. Atomic per row, or as a whole under a cap. */
export async function insertSubscribers<T extends Subscriber>(
  store: Store,
  account: number,
  fresh: readonly T[],
): Promise<InsertResult> {
  if (fresh.length === 0) return { duplicates: new Set(), overCapacity: new Set() };
  const rows = store.db.collection<Subscriber>('subscribers');
  const cap = await capacity(store.db).capOf(account, 'subscribers');
  return cap === null
    ? { duplicates: await inserted(rows, fresh), overCapacity: new Set() }
    : withinCap(store, rows, cap, fresh);
}

async function inserted(rows: Collection<Subscriber>, fresh: readonly Subscriber[]): Promise<Set<string>> {
  try {
    await rows.insertMany([...fresh], { ordered: false });
    return new Set();
  } catch (error) {
    return new Set(duplicatesIn(error).flatMap(({ index }) => fresh[index]?.email_key ?? []));
  }
}

/** A duplicate aborts the transaction; the caller then reads all of them again. */
async function withinCap(
  store: Store,
  rows: Collection<Subscriber>,
  cap: Cap,
  fresh: readonly Subscriber[],
): Promise<InsertResult> {
  const capacityOf = capacity(store.db);
  try {
    const granted = await inTransaction(store, async (session) => {
      const taken = await capacityOf.take(session, cap, fresh.length);
      if (taken > 0) await rows.insertMany(fresh.slice(0, taken), { session });
      return taken;
    });
    return { duplicates: new Set(), overCapacity: keysOf(fresh.slice(granted)) };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return { duplicates: keysOf(fresh), overCapacity: new Set() };
  }
}

function keysOf(rows: readonly Subscriber[]): Set<string> {
  return new Set(rows.map(({ email_key }) => email_key));
}
