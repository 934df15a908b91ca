import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb';
import type { Store } from '../connect.js';
import { counters } from '../counters.js';
import { duplicatesIn } from '../duplicate-key.js';
import { placed } from '../new-subscribers.js';
import { difference, newRow } from '../subscriber-batches.js';
import type { Subscriber } from '../subscribers.js';
import type { Ground, KnownPerson, PersonChange, RowChunk, RowStamp, Written } from './rows.js';

type StampedSubscriber = Subscriber & { readonly import?: RowStamp };

/** What a dry run notes of a person, instead of touching them. */
interface Rehearsed extends Omit<KnownPerson, '_id'> {
  readonly _id: string;
  readonly account: number;
  readonly email_key: string;
  readonly import: RowStamp;
}

/** Instead of a subscriber's id: known from this dry run. */
const SHADOW = 0;
const KNOWN = { email_key: 1, first_name: 1, last_name: 1, attributes: 1, tags: 1, import: 1 } as const;

/** The list itself. */
export function subscriberGround(store: Store, chunk: RowChunk): Ground {
  const rows = store.db.collection<StampedSubscriber>('subscribers');
  const ids = counters(store);
  return {
    read: (keys) => readPeople(rows, chunk, keys),
    write: async (changes) => {
      const fresh = changes.filter(({ before }) => before === undefined);
      const first = fresh.length === 0 ? 0 : await ids.block('subscribers', fresh.length);
      const newcomers = fresh.map((change, offset) => newcomerOf(chunk, change, first + offset));
      const { lost, over } = await placed(store, chunk.account, newcomers);
      const updates = await bulk(
        rows,
        changes.flatMap((change) => updateOf(chunk, change) ?? []),
      );
      return { again: lost.size > 0 || updates.again, over };
    },
  };
}

/** A shadow of the list: what the file would have made of people, so that a repeated address is judged as it would be. */
export function rehearsalGround(store: Store, chunk: RowChunk): Ground {
  const rows = store.db.collection<StampedSubscriber>('subscribers');
  const shadows = store.db.collection<Rehearsed>('import_rehearsals');
  const shadowId = (key: string) => `${chunk.import}/${key}`;
  return {
    read: async (keys) => {
      const people = await readPeople(rows, chunk, keys);
      const ids = { _id: { $in: keys.map(shadowId) }, account: chunk.account };
      for await (const { email_key, ...shadow } of shadows.find(ids)) people.set(email_key, { ...shadow, _id: SHADOW });
      return people;
    },
    write: (changes) =>
      bulk(
        shadows,
        changes.map(({ before, wish: { email_key }, fields, stamp }) => {
          const _id = shadowId(email_key);
          const shadow = { email_key, ...fields, import: stamp };
          if (before?._id !== SHADOW) return { insertOne: { document: { _id, account: chunk.account, ...shadow } } };
          const notYet = { 'import.row': { $lt: chunk.from } };
          return { updateOne: { filter: { _id, account: chunk.account, ...notYet }, update: { $set: shadow } } };
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

function newcomerOf(chunk: RowChunk, { wish, fields, stamp }: PersonChange, id: number) {
  const { email, email_key } = wish;
  const row = newRow({ ...chunk, source: `import:${chunk.import}` }, { email, email_key }, id);
  return { ...row, ...fields, import: stamp } satisfies StampedSubscriber;
}

function updateOf(chunk: RowChunk, { before, fields, stamp }: PersonChange) {
  if (before === undefined) return undefined;
  const notYet = { $nor: [{ 'import.id': chunk.import, 'import.row': { $gte: chunk.from } }] };
  const filter = { _id: before._id, account: chunk.account, ...notYet };
  return { updateOne: { filter, update: difference(before, fields, { import: stamp }) } };
}

/** `again` where an insert found the person there, or an update found them gone or stamped. */
async function bulk<T extends Document>(
  rows: Collection<T>,
  operations: readonly AnyBulkWriteOperation<T>[],
): Promise<Written> {
  if (operations.length === 0) return { again: false, over: new Set() };
  try {
    const { insertedCount, matchedCount, upsertedCount } = await rows.bulkWrite([...operations], { ordered: false });
    return { again: insertedCount + matchedCount + upsertedCount !== operations.length, over: new Set() };
  } catch (error) {
    duplicatesIn(error);
    return { again: true, over: new Set() };
  }
}
