import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { ImportCounts } from '../../domain/import/row-fate.js';
import type { Import, ImportFailure, ImportPosition } from './row.js';

/** A running import that one attempt owns. */
export type OwnedImport = Import & { readonly state: 'running'; readonly token: string };

export type TakeResult =
  | { readonly kind: 'owned'; readonly row: OwnedImport }
  /** An earlier import of the same list is not finished: files of a list are imported in order. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'over'; readonly row: Import }
  /** An upload that broke off long ago. */
  | { readonly kind: 'abandoned'; readonly row: Import }
  | { readonly kind: 'missing' };

/** Milliseconds after which an unfinished upload counts as abandoned: the sweep has it deleted. */
export const UPLOAD_TIMEOUT = 6 * 3_600_000;
/** An attempt moves its row more often than this; the sweep checks a row that does not move. */
const SWEEP_INTERVAL = 60_000;

/** Each write names the attempt's token: an attempt that was replaced writes nothing. */
export function importProgress(rows: Collection<Import>) {
  const owned = ({ _id, account, token }: OwnedImport) => ({ _id, account, token, state: 'running' }) as const;
  const nextSweep = () => new Date(now().getTime() + SWEEP_INTERVAL);

  const isAbandoned = ({ created_at }: Import) => created_at.getTime() + UPLOAD_TIMEOUT <= now().getTime();

  const waitsForEarlier = async ({ _id, account, list_id, dry_run }: Import): Promise<boolean> => {
    if (dry_run) return false;
    const earlier = { account, list_id, dry_run, state: { $in: ['queued', 'running'] }, _id: { $lt: _id } } as const;
    return (await rows.countDocuments(earlier, { limit: 1 })) > 0;
  };

  const end = async (row: OwnedImport, state: 'done' | 'failed', reason: ImportFailure | null): Promise<boolean> => {
    const change = { state, reason, token: null, finished_at: now(), sweep_at: nextSweep() };
    return (await rows.updateOne(owned(row), { $set: change })).matchedCount === 1;
  };

  return {
    /** Takes the import over from its last attempt and returns its position. Atomic: one update that draws a new token. */
    take: async (account: number, id: number): Promise<TakeResult> => {
      const seen = await rows.findOne({ _id: id, account });
      if (seen === null) return { kind: 'missing' };
      if (seen.state === 'uploading') return isAbandoned(seen) ? { kind: 'abandoned', row: seen } : { kind: 'missing' };
      if (seen.state === 'done' || seen.state === 'failed') return { kind: 'over', row: seen };
      if (await waitsForEarlier(seen)) return { kind: 'busy' };
      const row = await rows.findOneAndUpdate(
        { _id: id, account, state: { $in: ['queued', 'running'] } },
        {
          $set: { state: 'running', token: randomUUID(), started_at: seen.started_at ?? now(), sweep_at: nextSweep() },
        },
        { returnDocument: 'after' },
      );
      return row === null ? { kind: 'missing' } : { kind: 'owned', row: row as OwnedImport };
    },

    /**
     * Counts the rows between the position of `row` and `at`, and moves there. Counters and position are one conditional
     * write, so that each row is counted once. Undefined: another attempt has taken over.
     */
    advance: async (row: OwnedImport, at: ImportPosition, counted: ImportCounts): Promise<OwnedImport | undefined> => {
      const { created, updated, unchanged, invalid, skipped_over_cap = 0 } = counted;
      const moved = await rows.findOneAndUpdate(
        { ...owned(row), 'at.row': row.at.row, 'at.byte': row.at.byte },
        {
          $set: { at, sweep_at: nextSweep() },
          $inc: {
            'counts.created': created,
            'counts.updated': updated,
            'counts.unchanged': unchanged,
            'counts.invalid': invalid,
            ...(skipped_over_cap > 0 && { 'counts.skipped_over_cap': skipped_over_cap }),
          },
        },
        { returnDocument: 'after' },
      );
      return moved === null ? undefined : (moved as OwnedImport);
    },

    /** The whole file is imported. False: another attempt has taken over. */
    finish: (row: OwnedImport): Promise<boolean> => end(row, 'done', null),

    /** The rest of the file cannot be imported; the counts stay. */
    fail: (row: OwnedImport, reason: ImportFailure): Promise<boolean> => end(row, 'failed', reason),

    /** The file and the dry run of a finished import are deleted: nothing is due any more. */
    recordCleanedUp: async ({ _id, account }: Pick<Import, '_id' | 'account'>): Promise<void> => {
      await rows.updateOne({ _id, account, state: { $in: ['done', 'failed'] } }, { $set: { sweep_at: null } });
    },
  };
}
