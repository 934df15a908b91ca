import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb';
import { now } from '../../clock.js';
import {
  byPerson,
  fatesByRow,
  judge,
  type KnownPerson,
  type PersonChange,
  type RowChunk,
  type RowFate,
  type RowStamp,
} from '../../domain/import/row-fate.js';
import type { RowError } from '../../domain/import/row-reading.js';
import type { RowStanding } from '../../domain/import/standing.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { duplicatesIn } from '../mongo/duplicate-key.js';
import { insertSubscribers } from '../subscribers/batches.js';
import { changesBetween, newRow, type Subscriber } from '../subscribers/row.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';

const NOTHING: Written = { incomplete: false, overCapacity: new Set() };

export type ImportRows = ReturnType<typeof importRows>;

/**
 * Writes the rows of an import so that a repeated chunk gives the same result.
 *
 * A process may die between the rows of a chunk and the write that counts them (`imports.advance`); the next attempt then
 * repeats the whole chunk. It counts the same, because a person's fields and the stamp `{import, row, fates}` are one
 * write: a person written by the first attempt still carries the fate of each row ("created", then "updated") and is not
 * written again, so an edit made in between stays. A person who was not written (unchanged, refused) is judged again from
 * fields that the first attempt did not touch. Stamps of earlier chunks have a lower row: those chunks were counted before
 * this one began. An attempt that was replaced finds the stamps of its successor and writes nothing; its token makes
 * `advance` refuse its counts. Imports of one list run one after another, so no other import replaces a stamp while it is
 * needed.
 */
export function importRows(store: Store) {
  return {
    /** The fate of each row, by its number. Statuses only become stricter; tags are added. Atomic per person. */
    importRows: async (chunk: RowChunk): Promise<ReadonlyMap<number, RowFate>> => {
      const target = chunk.dryRun ? dryRunTarget(store, chunk) : listTarget(store, chunk);
      const groups = byPerson(chunk.requests);
      for (;;) {
        const known = await target.read([...groups.keys()]);
        const judgements = [...groups].map(([key, requests]) => judge(chunk, known.get(key), requests));
        const changes = judgements.flatMap(({ change }) => change ?? []);
        const { incomplete, overCapacity } = changes.length > 0 ? await target.write(changes) : NOTHING;
        if (incomplete) continue;
        const created = judgements.flatMap(({ newSubscriber }) => newSubscriber ?? []);
        const added = created.filter((key) => !overCapacity.has(key));
        if (!chunk.dryRun) await restoreErasedAddresses(store, chunk.account, added);
        return fatesByRow(judgements, overCapacity);
      }
    },

    /** Deletes the rows of a dry run; repeating it changes nothing. */
    deleteDryRun: async (account: number, id: number): Promise<void> => {
      const dryRunRows = store.db.collection<{ _id: string; account: number }>('import_dry_runs');
      // Ids are `<import>/<address>`, so a range of the `_id` index covers them: `0` is the character after the slash.
      await dryRunRows.deleteMany({ _id: { $gte: `${id}/`, $lt: `${id}0` }, account });
    },

    /** Whether the list still exists; if not, its subscribers are deleted. Called after a chunk was written. */
    listExists: async (account: number, list: number): Promise<boolean> => {
      const alive = { _id: list, account, deleting: { $exists: false } };
      const lists = store.db.collection<{ _id: number; account: number; deleting?: true }>('lists');
      if ((await lists.countDocuments(alive, { limit: 1 })) === 1) return true;
      await store.db.collection('subscribers').deleteMany({ account, list_id: list });
      return false;
    },
  };
}

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
const KNOWN = { email_key: 1, first_name: 1, last_name: 1, attributes: 1, tags: 1, status: 1, import: 1 } as const;

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
function dryRunTarget(store: Store, chunk: RowChunk): ImportTarget {
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
        changes.map(({ before, request: { email_key }, fields, standing, stamp }) => {
          const _id = dryRunId(email_key);
          const status = standing?.status ?? before?.status ?? 'active';
          const dryRunRow = { email_key, ...fields, status, import: stamp };
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

function newSubscriberOf(chunk: RowChunk, { request, fields, standing, stamp }: PersonChange, id: number) {
  const { email, email_key } = request;
  const row = newRow({ ...chunk, source: `import:${chunk.import}` }, { email, email_key }, id);
  const { status = row.status, subscribed_at = row.subscribed_at } = standing ?? {};
  const dates = { subscribed_at, unsubscribed_at: leftAt(standing, row.created_at) };
  return { ...row, ...fields, status, ...dates, import: stamp } satisfies StampedSubscriber;
}

/** When a person left: as the file says, else at the import. */
function leftAt(standing: RowStanding | undefined, at: Date): Date | null {
  const { status = 'active', unsubscribed_at } = standing ?? {};
  return unsubscribed_at === undefined ? (status === 'unsubscribed' ? at : null) : unsubscribed_at;
}

function updateOf(chunk: RowChunk, { before, fields, standing, stamp }: PersonChange) {
  if (before === undefined) return undefined;
  const notYet = { $nor: [{ 'import.id': chunk.import, 'import.row': { $gte: chunk.from } }] };
  // A status that another writer changed meanwhile is judged again.
  const same = standing && { status: before.status };
  const filter = { _id: before._id, account: chunk.account, ...same, ...notYet };
  const left = standing?.unsubscribed_at ?? (standing?.status === 'unsubscribed' ? now() : undefined);
  const changed = { ...(standing && { status: standing.status }), ...(left && { unsubscribed_at: left }) };
  return { updateOne: { filter, update: changesBetween(before, fields, { ...changed, import: stamp }) } };
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
interface ImportTarget {
  read(keys: readonly string[]): Promise<Map<string, KnownPerson>>;
  /** Writes each person if no later or repeated write of these rows came first. */
  write(changes: readonly PersonChange[]): Promise<Written>;
}

interface Written {
  /** Some were not written. */
  readonly incomplete: boolean;
  /** Identities beyond the capacity of the plan. */
  readonly overCapacity: ReadonlySet<string>;
}

interface ChunkErrors {
  readonly _id: string;
  readonly account: number;
  readonly import: number;
  /** How many rows come before this chunk. */
  readonly from: number;
  readonly errors: readonly RowError[];
}

export type ImportErrors = ReturnType<typeof importErrors>;

/** One document for each chunk under a fixed id: a repeated chunk replaces its own. */
export function importErrors({ db }: Store) {
  const chunks = db.collection<ChunkErrors>('import_errors');
  return {
    record: async (account: number, id: number, from: number, errors: readonly RowError[]): Promise<void> => {
      if (errors.length === 0) return;
      const chunk = { account, import: id, from, errors };
      await chunks.replaceOne({ _id: `${id}/${from}`, account }, chunk, { upsert: true });
    },

    /** In the order of the file, only of counted rows: the first `upTo`. */
    read: async function* (account: number, id: number, upTo: number): AsyncGenerator<RowError> {
      const counted = { account, import: id, from: { $lt: upTo } };
      for await (const { errors } of chunks.find(counted).sort({ from: 1 }).batchSize(50)) yield* errors;
    },
  };
}
