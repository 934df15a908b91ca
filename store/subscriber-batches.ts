import type { AnyBulkWriteOperation, UpdateFilter } from 'mongodb';
import { now } from '../clock.js';
import {
  COMING_BACK,
  type KnownFields,
  merged,
  NOBODY,
  type SubscriberFields,
  sameFields,
  tooLarge,
} from '../domain/subscriber.js';
import type { Store } from './connect.js';
import { counters } from './counters.js';
import { placed } from './new-subscribers.js';
import type { Subscriber } from './subscribers.js';
import { recallErased } from './suppressions.js';

/** A person a caller wants on a list; address and identity are already checked. */
export interface SubscriberWish extends SubscriberFields {
  readonly email: string;
  readonly email_key: string;
}

export interface WishTally {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly reactivated: number;
  /** Indexes of the wishes that would grow a person beyond the limits: nothing was done for them. */
  readonly refused: readonly number[];
  /** Indexes of the wishes for people whom the plan has no room for. */
  readonly over: readonly number[];
}

interface Batch {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly wishes: readonly SubscriberWish[];
}

interface Numbered {
  readonly wish: SubscriberWish;
  readonly index: number;
}

type Fate = 'created' | 'updated' | 'unchanged' | 'refused' | 'over';

/** Many rows at once. Each row is atomic and repeating a batch changes nothing; events are not written for single rows. */
export function subscriberBatches(store: Store) {
  const rows = store.db.collection<Subscriber>('subscribers');
  const ids = counters(store);

  const known = async ({ account, list }: Batch, wishes: readonly Numbered[]) => {
    const keys = [...new Set(wishes.map(({ wish }) => wish.email_key))];
    const found = await rows.find({ list_id: list, email_key: { $in: keys }, account }).toArray();
    return new Map(found.map((row) => [row.email_key, row]));
  };

  /** Writes what the wishes come to; returns those whose person somebody else inserted in the meantime. */
  const apply = async (batch: Batch, wishes: readonly Numbered[], fates: Fate[]): Promise<readonly Numbered[]> => {
    const before = await known(batch, wishes);
    const after = worked(batch, wishes, before, fates);
    const fresh = [...after.values()].filter((row) => !before.has(row.email_key));
    const first = fresh.length === 0 ? 0 : await ids.block('subscribers', fresh.length);
    const numbered = fresh.map((row, offset) => ({ ...row, _id: first + offset }));
    const { lost, over } = await placed(store, batch.account, numbered);
    const changes = updates(before, after);
    if (changes.length > 0) await rows.bulkWrite(changes, { ordered: false });
    for (const { wish, index } of wishes) if (over.has(wish.email_key)) fates[index] = 'over';
    const keys = fresh.map((row) => row.email_key).filter((key) => !over.has(key));
    await recallErased(store, batch.account, keys);
    return wishes.filter(({ wish }) => lost.has(wish.email_key));
  };

  const run = async (batch: Batch): Promise<Omit<WishTally, 'reactivated'>> => {
    const fates: Fate[] = [];
    let open: readonly Numbered[] = batch.wishes.map((wish, index) => ({ wish, index }));
    while (open.length > 0) open = await apply(batch, open, fates);
    const count = (fate: Fate) => fates.filter((one) => one === fate).length;
    const which = (fate: Fate) => fates.flatMap((one, index) => (one === fate ? [index] : []));
    const [refused, over] = [which('refused'), which('over')];
    const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
    return { created, updated, unchanged, refused, over };
  };

  return {
    /** Upserts and brings unsubscribed people back, as the documents say; bounced and complained ones stay. */
    addBatch: async (batch: Batch): Promise<WishTally> => {
      const tally = await run(batch);
      const keys = batch.wishes.filter((_, index) => !tally.refused.includes(index)).map((wish) => wish.email_key);
      const at = now();
      const back = await rows.updateMany(
        { account: batch.account, list_id: batch.list, email_key: { $in: keys }, status: { $in: [...COMING_BACK] } },
        { $set: { status: 'active', subscribed_at: at, unsubscribed_at: null, updated_at: at } },
      );
      return { ...tally, reactivated: back.modifiedCount };
    },
  };
}

/** Works through the wishes in order; the second of two for one person finds the row the first has made. */
function worked(
  batch: Batch,
  wishes: readonly Numbered[],
  before: ReadonlyMap<string, Subscriber>,
  fates: Fate[],
): Map<string, Subscriber> {
  const after = new Map(before);
  for (const { wish, index } of wishes) {
    const person = after.get(wish.email_key);
    const fields = merged(person ?? NOBODY, wish);
    const fate = fateOf(person, fields);
    fates[index] = fate;
    if (fate === 'created') after.set(wish.email_key, newRow(batch, wish, index));
    if (fate === 'updated' && person !== undefined) after.set(wish.email_key, { ...person, ...fields });
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
  { account, list, source }: Omit<Batch, 'wishes'>,
  wish: SubscriberWish,
  id: number,
  ip: string | null = null,
): Subscriber {
  const at = now();
  const { email, email_key } = wish;
  const dates = { subscribed_at: at, unsubscribed_at: null, created_at: at, updated_at: at };
  const who = { _id: id, account, list_id: list, email, email_key };
  return { ...who, ...merged(NOBODY, wish), status: 'active', source, ip, ...dates };
}

function updates(
  before: ReadonlyMap<string, Subscriber>,
  after: ReadonlyMap<string, Subscriber>,
): AnyBulkWriteOperation<Subscriber>[] {
  return [...before].flatMap(([key, old]) => {
    const row = after.get(key);
    if (row === undefined || row === old) return [];
    return [{ updateOne: { filter: { _id: old._id, account: old.account }, update: difference(old, row) } }];
  });
}

/** Field by field, so that two writers who name different fields do not undo each other. `more` is set beside them. */
export function difference(old: KnownFields, row: KnownFields, more: object = {}) {
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
