import type { AnyBulkWriteOperation, Collection, UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import {
  type KnownFields,
  merged,
  NO_FIELDS,
  RESUBSCRIBABLE,
  type SubscriberFields,
  sameFields,
  tooLarge,
} from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';
import { insertSubscribers } from './insertion.js';
import type { Subscriber } from './subscribers.js';

/** A person a caller wants on a list; address and identity are already checked. */
export interface SubscriberRequest extends SubscriberFields {
  readonly email: string;
  readonly email_key: string;
}

export interface BatchCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly reactivated: number;
  /** Indexes of the wishes that would grow a person beyond the limits: nothing was done for them. */
  readonly refused: readonly number[];
  /** Indexes of the wishes for people whom the plan has no room for. */
  readonly overCapacity: readonly number[];
}

interface Batch {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly requests: readonly SubscriberRequest[];
}

interface NumberedRequest {
  readonly request: SubscriberRequest;
  readonly index: number;
}

type Fate = 'created' | 'updated' | 'unchanged' | 'refused' | 'over';

/** Many rows at once. Each row is atomic and repeating a batch changes nothing; events are not written for single rows. */
export function subscriberBatches(store: Store) {
  const rows = store.db.collection<Subscriber>('subscribers');
  const ids = counters(store);

  /** Writes what the wishes come to; returns those whose person somebody else inserted in the meantime. */
  const apply = async (
    batch: Batch,
    requests: readonly NumberedRequest[],
    fates: Fate[],
  ): Promise<readonly NumberedRequest[]> => {
    const before = await knownRows(rows, batch, requests);
    const after = applyRequests(batch, requests, before, fates);
    const fresh = [...after.values()].filter((row) => !before.has(row.email_key));
    const first = fresh.length === 0 ? 0 : await ids.block('subscribers', fresh.length);
    const numbered = fresh.map((row, offset) => ({ ...row, _id: first + offset }));
    const { duplicates, overCapacity } = await insertSubscribers(store, batch.account, numbered);
    const changes = updates(before, after);
    if (changes.length > 0) await rows.bulkWrite(changes, { ordered: false });
    for (const { request, index } of requests) if (overCapacity.has(request.email_key)) fates[index] = 'over';
    const keys = fresh.map((row) => row.email_key).filter((key) => !overCapacity.has(key));
    await restoreErasedAddresses(store, batch.account, keys);
    return requests.filter(({ request }) => duplicates.has(request.email_key));
  };

  const run = async (batch: Batch): Promise<Omit<BatchCounts, 'reactivated'>> => {
    const fates: Fate[] = [];
    let open: readonly NumberedRequest[] = batch.requests.map((request, index) => ({ request, index }));
    while (open.length > 0) open = await apply(batch, open, fates);
    const count = (fate: Fate) => fates.filter((one) => one === fate).length;
    const which = (fate: Fate) => fates.flatMap((one, index) => (one === fate ? [index] : []));
    const [refused, overCapacity] = [which('refused'), which('over')];
    const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
    return { created, updated, unchanged, refused, overCapacity };
  };

  return {
    /** Upserts and brings unsubscribed people back, as the documents say; bounced and complained ones stay. */
    addBatch: async (batch: Batch): Promise<BatchCounts> => {
      const counts = await run(batch);
      const accepted = batch.requests.filter((_, index) => !counts.refused.includes(index));
      const keys = accepted.map((request) => request.email_key);
      const at = now();
      const back = await rows.updateMany(
        { account: batch.account, list_id: batch.list, email_key: { $in: keys }, status: { $in: [...RESUBSCRIBABLE] } },
        { $set: { status: 'active', subscribed_at: at, unsubscribed_at: null, updated_at: at } },
      );
      return { ...counts, reactivated: back.modifiedCount };
    },
  };
}

async function knownRows(
  rows: Collection<Subscriber>,
  { account, list }: Batch,
  requests: readonly NumberedRequest[],
): Promise<Map<string, Subscriber>> {
  const keys = [...new Set(requests.map(({ request }) => request.email_key))];
  const found = await rows.find({ list_id: list, email_key: { $in: keys }, account }).toArray();
  return new Map(found.map((row) => [row.email_key, row]));
}

/** Works through the wishes in order; the second of two for one person finds the row the first has made. */
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

/** The row a wish makes; its id is given when the whole batch is known. */
export function newRow(
  { account, list, source }: Omit<Batch, 'requests'>,
  request: SubscriberRequest,
  id: number,
  ip: string | null = null,
): Subscriber {
  const at = now();
  const { email, email_key } = request;
  const dates = { subscribed_at: at, unsubscribed_at: null, created_at: at, updated_at: at };
  const who = { _id: id, account, list_id: list, email, email_key };
  return { ...who, ...merged(NO_FIELDS, request), status: 'active', source, ip, ...dates };
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

/** Field by field, so that two writers who name different fields do not undo each other. `more` is set beside them. */
export function changesBetween(old: KnownFields, row: KnownFields, more: object = {}) {
  const { first_name, last_name } = row;
  const changed = Object.entries(row.attributes).filter(([name, value]) => old.attributes[name] !== value);
  const removed = Object.keys(old.attributes).filter((name) => !Object.hasOwn(row.attributes, name));
  const named = (name: string) => `attributes.${name}`;
  return {
    $set: {
      ...(first_name !== old.first_name && { first_name }),
      ...(last_name !== old.last_name && { last_name }),
      ...Object.fromEntries(changed.map(([name, value]) => [named(name), value])),
      ...more,
      updated_at: now(),
    },
    $addToSet: { tags: { $each: [...row.tags] } },
    ...(removed.length > 0 && { $unset: Object.fromEntries(removed.map((name) => [named(name), 1])) }),
  } as UpdateFilter<Subscriber>;
}
