import { byPerson, fatesByRow, judge, type RowChunk } from '../../domain/import/judgement.js';
import type { RowFate } from '../../domain/import/row-fate.js';
import type { Store } from '../mongo/connect.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';
import type { Written } from './targets.js';
import { dryRunTarget, listTarget } from './targets.js';

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
    /** The fate of each row, by its number. Statuses are not changed; tags are added. Atomic per person. */
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
