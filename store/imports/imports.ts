import { randomUUID } from 'node:crypto';
import type { Collection, Filter, FindCursor } from 'mongodb';
import { now } from '../../clock.js';
import type { ImportCounts } from '../../domain/import/row-fate.js';
import type { BlobId } from '../mongo/blobs.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { findOwned, type Owned } from '../mongo/ownership.js';
import {
  type CsvFile,
  IMPORT_STATES,
  type Import,
  type ImportFailure,
  type ImportPosition,
  type ImportState,
} from './row.js';

interface AcceptedUpload {
  readonly file: CsvFile;
  readonly dry_run: boolean;
  readonly tags: readonly string[];
  readonly origin: string | undefined;
}

interface ImportQuery {
  readonly list?: number | undefined;
  readonly state?: ImportState | undefined;
}

export type Imports = ReturnType<typeof imports>;

const SHOWN: Filter<Import> = { state: { $in: [...IMPORT_STATES] } };

/** Import rows: the upload, its position and the attempt that may move it. */
export function imports(store: Store) {
  const rows = store.db.collection<Import>('imports');
  return { ...accepting(store, rows), ...reading(rows), ...sweeping(rows), ...importProgress(rows) };
}

function accepting(store: Store, rows: Collection<Import>) {
  const ids = counters(store);
  return {
    /**
     * Records an upload before its first byte, so that the sweep deletes it with its blob if it breaks off. Atomic: one
     * insert.
     */
    openUpload: async (account: number, list: number, blob: BlobId): Promise<Import> => {
      const sweep_at = new Date(now().getTime() + UPLOAD_TIMEOUT);
      const row: Import = { ...empty(await ids.block('imports')), account, list_id: list, blob, sweep_at };
      await rows.insertOne(row);
      return row;
    },

    /** The upload is stored, and the import is due from now on. The same `origin` returns the existing import. */
    accept: async ({ _id, account }: Import, { file, dry_run, tags, origin }: AcceptedUpload): Promise<Import> => {
      const at = { row: 0, byte: file.start };
      const change = { state: 'queued', file, dry_run, tags, at, sweep_at: now(), ...(origin && { origin }) } as const;
      const uploading = { _id, account, state: 'uploading' } as const;
      const accepted = await rows
        .findOneAndUpdate(uploading, { $set: change }, { returnDocument: 'after' })
        .catch((error: unknown) =>
          isDuplicateKey(error) && origin ? rows.findOne({ account, origin }) : raise(error),
        );
      if (accepted === null) throw new Error('The upload was deleted before it was accepted; upload the file again.');
      return accepted;
    },

    /** Deletes an upload that was not accepted. */
    deleteUpload: async ({ _id, account }: Pick<Import, '_id' | 'account'>): Promise<void> => {
      await rows.deleteOne({ _id, account, state: 'uploading' });
    },
  };
}

function reading(rows: Collection<Import>) {
  return {
    find: async (account: number, id: number): Promise<Owned<Import>> => {
      const found = await findOwned(rows, account, id);
      return typeof found === 'object' && found.state === 'uploading' ? 'missing' : found;
    },

    /** One page, newest first, and the total number. */
    page: async (account: number, { list, state }: ImportQuery, skip: number, limit: number) => {
      const filter: Filter<Import> = {
        account,
        ...SHOWN,
        ...(list !== undefined && { list_id: list }),
        ...(state !== undefined && { state }),
      };
      const [found, total] = await Promise.all([
        rows.find(filter).sort({ _id: -1 }).skip(skip).limit(limit).toArray(),
        rows.countDocuments(filter),
      ]);
      return { found, total };
    },

    /** The account of an import: the code that starts its workflow knows only the id. */
    accountOf: async (id: number): Promise<number | undefined> =>
      (await rows.findOne({ _id: id }, { projection: { account: 1 } }))?.account,
  };
}

function sweeping(rows: Collection<Import>) {
  return {
    /** Imports of all accounts whose workflow may be missing, and uploads that broke off and have to be deleted. */
    due: (before: Date): FindCursor<Pick<Import, '_id' | 'account' | 'list_id'>> =>
      dueRows(rows, before, { state: { $in: ['uploading', ...IMPORT_STATES] } }).project<
        Pick<Import, '_id' | 'account' | 'list_id'>
      >({ account: 1, list_id: 1 }),

    /** Sets the next check; a row that is not due stays so. */
    sweepAgain: (id: number, at: Date): Promise<boolean> => moveSweep(rows, { _id: id, sweep_at: { $ne: null } }, at),
  };
}

function empty(_id: number): Omit<Import, 'account' | 'list_id' | 'blob' | 'sweep_at'> {
  return {
    _id,
    state: 'uploading',
    reason: null,
    dry_run: false,
    tags: [],
    file: null,
    at: { row: 0, byte: 0 },
    counts: { created: 0, updated: 0, unchanged: 0, invalid: 0 },
    token: null,
    created_at: now(),
    started_at: null,
    finished_at: null,
  };
}

function raise(error: unknown): never {
  throw error;
}

/** A running import that one attempt owns. */
export type OwnedImport = Import & { readonly state: 'running'; readonly token: string };

type TakeResult =
  | { readonly kind: 'owned'; readonly row: OwnedImport }
  /** An earlier import of the same list is not finished: files of a list are imported in order. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'over'; readonly row: Import }
  /** An upload that broke off long ago. */
  | { readonly kind: 'abandoned'; readonly row: Import }
  | { readonly kind: 'missing' };

/** Milliseconds after which an unfinished upload counts as abandoned: the sweep has it deleted. */
const UPLOAD_TIMEOUT = 6 * 3_600_000;
/** An attempt moves its row more often than this; the sweep checks a row that does not move. */
const SWEEP_INTERVAL = 60_000;

/** Each write names the attempt's token: an attempt that was replaced writes nothing. */
function importProgress(rows: Collection<Import>) {
  const owned = ({ _id, account, token }: OwnedImport) => ({ _id, account, token, state: 'running' }) as const;
  const nextSweep = () => new Date(now().getTime() + SWEEP_INTERVAL);

  const isAbandoned = ({ created_at }: Import) => created_at.getTime() + UPLOAD_TIMEOUT <= now().getTime();

  const waitsForEarlier = async ({ _id, account, list_id, dry_run }: Import): Promise<boolean> => {
    if (dry_run) return false;
    const earlier = { account, list_id, dry_run, state: { $in: ['queued', 'running'] }, _id: { $lt: _id } } as const;
    return (await rows.countDocuments(earlier, { limit: 1 })) > 0;
  };

  const end = async (row: OwnedImport, state: 'done' | 'failed', reason: ImportFailure | null, broken = 0) => {
    const change = { state, reason, token: null, finished_at: now(), sweep_at: nextSweep() };
    const counted = { 'at.row': broken, 'counts.invalid': broken };
    return (await rows.updateOne(owned(row), { $set: change, $inc: counted })).matchedCount === 1;
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
      const moved = await rows.findOneAndUpdate(
        { ...owned(row), 'at.row': row.at.row, 'at.byte': row.at.byte },
        {
          $set: { at, sweep_at: nextSweep() },
          $inc: increments(counted),
        },
        { returnDocument: 'after' },
      );
      return moved === null ? undefined : (moved as OwnedImport);
    },

    /** The whole file is imported. False: another attempt has taken over. */
    finish: (row: OwnedImport): Promise<boolean> => end(row, 'done', null),

    /** The rest of the file cannot be imported; the counts stay. */
    fail: (row: OwnedImport, reason: ImportFailure): Promise<boolean> => end(row, 'failed', reason),

    /** The next row cannot be read: it is counted as invalid, and the rest cannot be imported. */
    failAtRow: (row: OwnedImport, reason: ImportFailure): Promise<boolean> => end(row, 'failed', reason, 1),

    /** The file and the dry run of a finished import are deleted: nothing is due any more. */
    recordCleanedUp: async ({ _id, account }: Pick<Import, '_id' | 'account'>): Promise<void> => {
      await rows.updateOne({ _id, account, state: { $in: ['done', 'failed'] } }, { $set: { sweep_at: null } });
    },
  };
}

function increments({ created, updated, unchanged, invalid, skipped_over_cap = 0, statuses = {} }: ImportCounts) {
  return {
    'counts.created': created,
    'counts.updated': updated,
    'counts.unchanged': unchanged,
    'counts.invalid': invalid,
    ...(skipped_over_cap > 0 && { 'counts.skipped_over_cap': skipped_over_cap }),
    ...Object.fromEntries(Object.entries(statuses).map(([status, rows]) => [`counts.statuses.${status}`, rows])),
  };
}
