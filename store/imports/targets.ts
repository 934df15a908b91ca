import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb';
import type { KnownPerson, PersonChange, RowChunk, RowStamp } from '../../domain/import/judgement.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { duplicatesIn } from '../mongo/duplicate-key.js';
import { insertSubscribers } from '../subscribers/insertion.js';
import { changesBetween, newRow, type Subscriber } from '../subscribers/row.js';

type StampedSubscriber = Subscriber & { readonly import?: RowStamp };

/** A dry run's record of a person; the subscriber is not changed. */
interface DryRunSubscriber extends Omit<KnownPerson, '_id'> {
  readonly _id: string;
  readonly account: number;
  readonly email_key: string;
  readonly import: RowStamp;
}

/** Replaces a subscriber's id if the person was recorded by this dry run. */
const DRY_RUN_ID = 0;
const KNOWN = { email_key: 1, first_name: 1, last_name: 1, attributes: 1, tags: 1, import: 1 } as const;

/** The list itself. */
export function listTarget(store: Store, chunk: RowChunk): ImportTarget {
  const rows = store.db.collection<StampedSubscriber>('subscribers');
  const ids = counters(store);
  return {
    read: (keys) => readPeople(rows, chunk, keys),
    write: async (changes) => {
      const fresh = changes.filter(({ before }) => before === undefined);
      const first = fresh.length === 0 ? 0 : await ids.block('subscribers', fresh.length);
      const newSubscribers = fresh.map((change, offset) => newSubscriberOf(chunk, change, first + offset));
      const { duplicates, overCapacity } = await insertSubscribers(store, chunk.account, newSubscribers);
      const updates = await bulk(
        rows,
        changes.flatMap((change) => updateOf(chunk, change) ?? []),
      );
      return { incomplete: duplicates.size > 0 || updates.incomplete, overCapacity };
    },
  };
}

/** A copy of the result that the import would have, so that a repeated address is judged as in a real import. */
export function dryRunTarget(store: Store, chunk: RowChunk): ImportTarget {
  const rows = store.db.collection<StampedSubscriber>('subscribers');
  const dryRunRows = store.db.collection<DryRunSubscriber>('import_dry_runs');
  const dryRunId = (key: string) => `${chunk.import}/${key}`;
  return {
    read: async (keys) => {
      const people = await readPeople(rows, chunk, keys);
      const ids = { _id: { $in: keys.map(dryRunId) }, account: chunk.account };
      for await (const { email_key, ...dryRunRow } of dryRunRows.find(ids))
        people.set(email_key, { ...dryRunRow, _id: DRY_RUN_ID });
      return people;
    },
    write: (changes) =>
      bulk(
        dryRunRows,
        changes.map(({ before, request: { email_key }, fields, stamp }) => {
          const _id = dryRunId(email_key);
          const dryRunRow = { email_key, ...fields, import: stamp };
          if (before?._id !== DRY_RUN_ID)
            return { insertOne: { document: { _id, account: chunk.account, ...dryRunRow } } };
          const notYet = { 'import.row': { $lt: chunk.from } };
          return { updateOne: { filter: { _id, account: chunk.account, ...notYet }, update: { $set: dryRunRow } } };
        }),
      ),
  };
}

async function readPeople(rows: Collection<StampedSubscriber>, chunk: RowChunk, keys: readonly string[]) {
  const wanted = { list_id: chunk.list, email_key: { $in: [...keys] }, account: chunk.account };
  const people = new Map<string, KnownPerson>();
  for await (const { email_key, ...person } of rows.find(wanted).project<StampedSubscriber>(KNOWN)) {
    people.set(email_key, person);
  }
  return people;
}

function newSubscriberOf(chunk: RowChunk, { request, fields, stamp }: PersonChange, id: number) {
  const { email, email_key } = request;
  const row = newRow({ ...chunk, source: `import:${chunk.import}` }, { email, email_key }, id);
  return { ...row, ...fields, import: stamp } satisfies StampedSubscriber;
}

function updateOf(chunk: RowChunk, { before, fields, stamp }: PersonChange) {
  if (before === undefined) return undefined;
  const notYet = { $nor: [{ 'import.id': chunk.import, 'import.row': { $gte: chunk.from } }] };
  const filter = { _id: before._id, account: chunk.account, ...notYet };
  return { updateOne: { filter, update: changesBetween(before, fields, { import: stamp }) } };
}

/** Incomplete if an insert met an existing person, or an update met a deleted or stamped one. */
async function bulk<T extends Document>(
  rows: Collection<T>,
  operations: readonly AnyBulkWriteOperation<T>[],
): Promise<Written> {
  if (operations.length === 0) return { incomplete: false, overCapacity: new Set() };
  try {
    const { insertedCount, matchedCount, upsertedCount } = await rows.bulkWrite([...operations], { ordered: false });
    return { incomplete: insertedCount + matchedCount + upsertedCount !== operations.length, overCapacity: new Set() };
  } catch (error) {
    duplicatesIn(error);
    return { incomplete: true, overCapacity: new Set() };
  }
}

/** Where an import writes: the list, or the rows of a dry run. */
export interface ImportTarget {
  read(keys: readonly string[]): Promise<Map<string, KnownPerson>>;
  /** Writes each person if no later or repeated write of these rows came first. */
  write(changes: readonly PersonChange[]): Promise<Written>;
}

export interface Written {
  /** Some were not written. */
  readonly incomplete: boolean;
  /** Identities beyond the capacity of the plan. */
  readonly overCapacity: ReadonlySet<string>;
}
