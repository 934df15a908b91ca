import { type Folded, fatesOf, foldRows, lettersOf, type RowFate } from '../../domain/import-fate.js';
import type { KnownFields } from '../../domain/subscriber.js';
import type { Store } from '../connect.js';
import type { SubscriberWish } from '../subscriber-batches.js';
import { recallErased } from '../suppressions.js';
import { rehearsalGround, subscriberGround } from './grounds.js';

/** Which rows of which import were last written to a person, and what each of them was. */
export interface RowStamp {
  readonly id: number;
  /** The first of those rows. */
  readonly row: number;
  /** One letter a row, see `lettersOf`. */
  readonly fates: string;
}

/** A person as an import finds them. */
export interface KnownPerson extends KnownFields {
  readonly _id: number;
  readonly import?: RowStamp;
}

/** A person as an import leaves them. */
export interface PersonChange {
  readonly before: KnownPerson | undefined;
  readonly wish: SubscriberWish;
  readonly fields: KnownFields;
  readonly stamp: RowStamp;
}

/** Consecutive rows of a file, each with the number it has there. */
export interface RowChunk {
  readonly account: number;
  readonly list: number;
  readonly import: number;
  /** Number of the first row, whether or not it is among the wishes. */
  readonly from: number;
  readonly dryRun: boolean;
  readonly wishes: readonly NumberedWish[];
}

export interface NumberedWish extends SubscriberWish {
  readonly row: number;
}

/** Where the rows of an import end up: on the list, or, for a dry run, beside it. */
export interface Ground {
  read(keys: readonly string[]): Promise<Map<string, KnownPerson>>;
  /** Writes each person if no later or repeated write of these rows came first. */
  write(changes: readonly PersonChange[]): Promise<Written>;
}

export interface Written {
  /** Some were not written. */
  readonly again: boolean;
  /** Identities that the plan has no room for. */
  readonly over: ReadonlySet<string>;
}

const NOTHING: Written = { again: false, over: new Set() };

export type ImportRows = ReturnType<typeof importRows>;

/**
 * Rows of an import, written so that writing them again tells the same story.
 *
 * A kill may fall between the rows of a chunk and the write that counts them (`imports.advance`); the next attempt then
 * repeats the whole chunk. It counts the same, because a person's fields and the stamp `{import, row, fates}` are one
 * write: whoever was written in the first pass still carries what each row was ("created", then "updated"), and is not
 * written again, so an edit made in between stays. Who was not written (also: unchanged, refused) is judged anew from
 * the fields, which no earlier pass has touched. Stamps of earlier chunks have a lower row: those were counted, or this
 * chunk would not have begun. An overtaken attempt finds the stamps of its successor and writes nothing; what it has
 * counted is refused by its token. Imports of one list run one after another, so no other import replaces a stamp
 * while it is needed.
 */
export function importRows(store: Store) {
  return {
    /** What became of each row, by its number. Nobody's status is ever touched; tags are added. Atomic per person. */
    importRows: async (chunk: RowChunk): Promise<ReadonlyMap<number, RowFate>> => {
      const ground = chunk.dryRun ? rehearsalGround(store, chunk) : subscriberGround(store, chunk);
      const groups = byPerson(chunk.wishes);
      for (;;) {
        const known = await ground.read([...groups.keys()]);
        const judged = [...groups].map(([key, wishes]) => judge(chunk, known.get(key), wishes));
        const changes = judged.flatMap(({ change }) => change ?? []);
        const { again, over } = changes.length > 0 ? await ground.write(changes) : NOTHING;
        if (again) continue;
        if (!chunk.dryRun)
          await recallErased(
            store,
            chunk.account,
            judged.flatMap(({ newcomer }) => (newcomer === undefined || over.has(newcomer) ? [] : newcomer)),
          );
        return new Map(judged.flatMap(({ fates, newcomer = '' }) => (over.has(newcomer) ? overCap(fates) : fates)));
      }
    },

    /** Forgets what a dry run has noted beside the list; repeating it changes nothing. */
    forgetRehearsal: async (account: number, id: number): Promise<void> => {
      const shadows = store.db.collection<{ _id: string; account: number }>('import_rehearsals');
      // Ids are `<import>/<address>`: a range of the one index there is, up to the character behind the slash.
      await shadows.deleteMany({ _id: { $gte: `${id}/`, $lt: `${id}0` }, account });
    },

    /** Whether the list is still there; if not, nobody is left behind on it. Asked after a chunk was written. */
    listStands: async (account: number, list: number): Promise<boolean> => {
      const alive = { _id: list, account, deleting: { $exists: false } };
      const lists = store.db.collection<{ _id: number; account: number; deleting?: true }>('lists');
      if ((await lists.countDocuments(alive, { limit: 1 })) === 1) return true;
      await store.db.collection('subscribers').deleteMany({ account, list_id: list });
      return false;
    },
  };
}

type Wishes = readonly [NumberedWish, ...NumberedWish[]];

interface Judged {
  readonly fates: readonly (readonly [number, RowFate])[];
  readonly change?: PersonChange;
  readonly newcomer?: string;
}

function judge(chunk: RowChunk, before: KnownPerson | undefined, wishes: Wishes): Judged {
  const [wish] = wishes;
  const stamp = before?.import;
  const written = stamp !== undefined && stamp.id === chunk.import && stamp.row >= chunk.from;
  const { fates, fields, changed }: Folded =
    written && before !== undefined
      ? { fates: fatesOf(stamp.fates), fields: before, changed: false }
      : foldRows(before, wishes);
  const stamped = { id: chunk.import, row: wish.row, fates: lettersOf(fates) };
  return {
    fates: wishes.map(({ row }, index) => [row, fates[index] ?? 'unchanged'] as const),
    ...(changed && { change: { before, wish, fields, stamp: stamped } }),
    ...(fates.includes('created') && { newcomer: wish.email_key }),
  };
}

/** Every row of somebody who is not on the list came too late, except those that were refused for themselves. */
function overCap(fates: Judged['fates']): Judged['fates'] {
  return fates.map(([row, fate]) => [row, fate.includes('too_') ? fate : 'over_cap'] as const);
}

function byPerson(wishes: readonly NumberedWish[]): Map<string, Wishes> {
  const groups = new Map<string, [NumberedWish, ...NumberedWish[]]>();
  for (const wish of wishes) {
    const group = groups.get(wish.email_key);
    if (group === undefined) groups.set(wish.email_key, [wish]);
    else group.push(wish);
  }
  return groups;
}
