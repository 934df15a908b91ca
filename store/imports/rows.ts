import { decodeFates, encodeFates, type Folded, foldRows, type RowFate } from '../../domain/import/row-fate.js';
import type { KnownFields } from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';
import type { SubscriberRequest } from '../subscribers/row.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';
import { dryRunTarget, listTarget } from './targets.js';

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
  readonly request: SubscriberRequest;
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
  readonly requests: readonly NumberedRequest[];
}

export interface NumberedRequest extends SubscriberRequest {
  readonly row: number;
}

/** Where the rows of an import end up: on the list, or, for a dry run, beside it. */
export interface ImportTarget {
  read(keys: readonly string[]): Promise<Map<string, KnownPerson>>;
  /** Writes each person if no later or repeated write of these rows came first. */
  write(changes: readonly PersonChange[]): Promise<Written>;
}

export interface Written {
  /** Some were not written. */
  readonly incomplete: boolean;
  /** Identities that the plan has no room for. */
  readonly overCapacity: ReadonlySet<string>;
}

const NOTHING: Written = { incomplete: false, overCapacity: new Set() };

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
      const target = chunk.dryRun ? dryRunTarget(store, chunk) : listTarget(store, chunk);
      const groups = byPerson(chunk.requests);
      for (;;) {
        const known = await target.read([...groups.keys()]);
        const decisions = [...groups].map(([key, requests]) => decide(chunk, known.get(key), requests));
        const changes = decisions.flatMap(({ change }) => change ?? []);
        const { incomplete, overCapacity } = changes.length > 0 ? await target.write(changes) : NOTHING;
        if (incomplete) continue;
        if (!chunk.dryRun)
          await restoreErasedAddresses(
            store,
            chunk.account,
            decisions.flatMap(({ newSubscriber }) =>
              newSubscriber === undefined || overCapacity.has(newSubscriber) ? [] : newSubscriber,
            ),
          );
        return new Map(
          decisions.flatMap(({ fates, newSubscriber = '' }) =>
            overCapacity.has(newSubscriber) ? overCap(fates) : fates,
          ),
        );
      }
    },

    /** Forgets what a dry run has noted beside the list; repeating it changes nothing. */
    deleteDryRun: async (account: number, id: number): Promise<void> => {
      const dryRunRows = store.db.collection<{ _id: string; account: number }>('import_dry_runs');
      // Ids are `<import>/<address>`: a range of the one index there is, up to the character behind the slash.
      await dryRunRows.deleteMany({ _id: { $gte: `${id}/`, $lt: `${id}0` }, account });
    },

    /** Whether the list is still there; if not, nobody is left behind on it. Asked after a chunk was written. */
    listExists: async (account: number, list: number): Promise<boolean> => {
      const alive = { _id: list, account, deleting: { $exists: false } };
      const lists = store.db.collection<{ _id: number; account: number; deleting?: true }>('lists');
      if ((await lists.countDocuments(alive, { limit: 1 })) === 1) return true;
      await store.db.collection('subscribers').deleteMany({ account, list_id: list });
      return false;
    },
  };
}

type PersonRequests = readonly [NumberedRequest, ...NumberedRequest[]];

interface Decision {
  readonly fates: readonly (readonly [number, RowFate])[];
  readonly change?: PersonChange;
  readonly newSubscriber?: string;
}

function decide(chunk: RowChunk, before: KnownPerson | undefined, requests: PersonRequests): Decision {
  const [request] = requests;
  const stamp = before?.import;
  const written = stamp !== undefined && stamp.id === chunk.import && stamp.row >= chunk.from;
  const { fates, fields, changed }: Folded =
    written && before !== undefined
      ? { fates: decodeFates(stamp.fates), fields: before, changed: false }
      : foldRows(before, requests);
  const stamped = { id: chunk.import, row: request.row, fates: encodeFates(fates) };
  return {
    fates: requests.map(({ row }, index) => [row, fates[index] ?? 'unchanged'] as const),
    ...(changed && { change: { before, request, fields, stamp: stamped } }),
    ...(fates.includes('created') && { newSubscriber: request.email_key }),
  };
}

/** Every row of somebody who is not on the list came too late, except those that were refused for themselves. */
function overCap(fates: Decision['fates']): Decision['fates'] {
  return fates.map(([row, fate]) => [row, fate.includes('too_') ? fate : 'over_cap'] as const);
}

function byPerson(requests: readonly NumberedRequest[]): Map<string, PersonRequests> {
  const groups = new Map<string, [NumberedRequest, ...NumberedRequest[]]>();
  for (const request of requests) {
    const group = groups.get(request.email_key);
    if (group === undefined) groups.set(request.email_key, [request]);
    else group.push(request);
  }
  return groups;
}
