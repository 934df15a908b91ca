import { monotonic } from '../../clock.js';
import { countFates, countStatuses } from '../../domain/import/row-fate.js';
import { brokenRowError, type RowError, readRow, refusalError } from '../../domain/import/row-reading.js';
import { parseAddressCell } from '../../mail/address-cell.js';
import type { Imports, OwnedImport } from '../../store/imports/imports.js';
import type { CsvFile, Import, ImportPosition } from '../../store/imports/row.js';
import type { ImportErrors, ImportRows } from '../../store/imports/rows.js';
import type { Blobs } from '../../store/mongo/blobs.js';
import type { CustomFields } from '../../store/subscribers/custom-fields.js';
import { cellDecoder } from '../../web/decoding/cells.js';
import type { ImportInput } from '../../workflows/messages/import.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';
import { CHUNK, type ChunkLimits, type CsvPiece, chunksOf } from './csv-chunks.js';

export interface SubscriberImportDeps {
  readonly imports: Imports;
  readonly importRows: ImportRows;
  readonly importErrors: ImportErrors;
  readonly blobs: Blobs;
  readonly customFields: CustomFields;
  readonly activityContext: () => ActivityContext;
  /** SIGTERM: the current chunk is finished, no other begins. */
  readonly stopping: AbortSignal;
  /** For tests: other chunk sizes and a shorter pass. */
  readonly chunk?: ChunkLimits;
  readonly passMs?: number;
}

/** Why a pass returned; `rows` counts the imported rows. */
export interface ImportPass {
  readonly kind: 'more' | 'busy' | 'done' | 'failed' | 'missing';
  readonly rows: number;
}

/** The duration of one activity, so that a stop or a deploy does not wait for a whole file. */
const PASS_MS = 60_000;
const HEARTBEAT_MS = 4_000;
/** Further errors are counted, not listed. */
const ERRORS_LISTED = 100_000;

/**
 * Imports chunk by chunk from the position in the row. If the process dies at any point, the next attempt has the same
 * result.
 */
export function subscriberImportActivities(deps: SubscriberImportDeps) {
  return {
    importNextRows: async ({ account, import: id }: ImportInput): Promise<ImportPass> => {
      const activityContext = deps.activityContext();
      return withHeartbeat(activityContext, HEARTBEAT_MS, async () => {
        const taken = await deps.imports.take(account, id);
        if (taken.kind === 'owned') return importRows(deps, activityContext, taken.row);
        if (taken.kind === 'over') return cleanUp(deps, taken.row);
        if (taken.kind === 'abandoned') return deleteUpload(deps, taken.row);
        return { kind: taken.kind, rows: 0 };
      });
    },
  };
}

async function importRows(
  deps: SubscriberImportDeps,
  activityContext: ActivityContext,
  taken: OwnedImport,
): Promise<ImportPass> {
  const until = monotonic() + (deps.passMs ?? PASS_MS);
  const source = taken.file && (await deps.blobs.read(taken.account, taken.blob, taken.at.byte));
  if (taken.file === null || source === null || source === undefined) return end(deps, taken, 'file_lost');
  let row = taken;
  const pieces = chunksOf(source, taken.file, taken.at, deps.chunk ?? CHUNK);
  for await (const piece of oneAhead(readPieces(deps, taken, taken.file, pieces))) {
    if (piece.kind === 'broken') return endBroken(deps, row, taken.file, piece);
    const moved = await importChunk(deps, row, taken.file, piece);
    if (moved === undefined) return { kind: 'more', rows: row.at.row };
    row = moved;
    if (!(await deps.importRows.listExists(row.account, row.list_id))) return end(deps, row, 'list_deleted');
    activityContext.heartbeat();
    const stop = deps.stopping.aborted || activityContext.cancelled.aborted || monotonic() > until;
    if (stop) return { kind: 'more', rows: row.at.row };
  }
  return end(deps, row, null);
}

type Broken = Extract<CsvPiece, { kind: 'broken' }>;

/** Rows that have been read and not yet written. */
interface ReadChunk {
  readonly kind: 'chunk';
  readonly read: readonly ReturnType<typeof readRow>[];
  readonly end: ImportPosition;
}

async function* readPieces(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  pieces: AsyncIterable<CsvPiece>,
): AsyncGenerator<ReadChunk | Broken> {
  for await (const piece of pieces) {
    yield piece.kind === 'broken' ? piece : await readChunk(deps, row, file, piece);
  }
}

async function readChunk(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  { kind, rows, end }: Exclude<CsvPiece, Broken>,
): Promise<ReadChunk> {
  const from = end.row - rows.length;
  const reader = await readerOf(deps, row, file);
  return { kind, end, read: rows.map((cells, offset) => readRow(reader, cells, from + offset)) };
}

/** The next item is taken while the caller works on the one before it. */
async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  const take = () => {
    const next = items.next();
    // Its error is thrown when its turn comes.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = take(); ; ) {
      const { done, value } = await next;
      if (done === true) return;
      next = take();
      yield value;
    }
  } finally {
    await items.return(undefined);
  }
}

/** Writes the rows, then their errors, then counts both and moves on in one write. Undefined: another attempt took over. */
async function importChunk(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  { read, end: at }: ReadChunk,
): Promise<OwnedImport | undefined> {
  const { _id: id, account, list_id: list, dry_run: dryRun } = row;
  const from = row.at.row;
  const requests = read.flatMap((one) => (one.kind === 'request' ? one.request : []));
  const fates = await deps.importRows.importRows({ account, list, import: id, from, dryRun, requests });
  const errors = [
    ...read.flatMap((one) => (one.kind === 'error' ? one.error : [])),
    ...requests.flatMap((request) => refusalError(request, fates.get(request.row)) ?? []),
  ]
    .map((error) => numbered(file, error))
    .sort((a, b) => a.row - b.row);
  if (row.counts.invalid < ERRORS_LISTED) await deps.importErrors.record(account, id, from, errors);
  return deps.imports.advance(row, at, {
    ...countFates(fates.values()),
    invalid: errors.length,
    statuses: countStatuses(requests.filter(({ row }) => !fates.get(row)?.includes('too_'))),
  });
}

async function readerOf({ customFields }: SubscriberImportDeps, { account, tags }: OwnedImport, file: CsvFile) {
  const { columns, format = null, statuses = [], encoding } = file;
  const decode = cellDecoder(encoding);
  const fields = await customFields.rules(account);
  return { columns, format, statuses: new Map(statuses), decode, tags, fields, parseAddress: parseAddressCell };
}

/** Row numbers are those of a spreadsheet, in which the table may begin below a title. */
function numbered({ firstRow = 2 }: CsvFile, error: RowError): RowError {
  return { ...error, row: error.row + firstRow - 2 };
}

/** Names the row that cannot be read, then ends the import: nothing says where the next row begins. */
async function endBroken(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  { reason, start }: Broken,
): Promise<ImportPass> {
  const error = brokenRowError(row.at.row, reason, cellDecoder(file.encoding)(start) ?? '');
  await deps.importErrors.record(row.account, row._id, row.at.row, [numbered(file, error)]);
  if (!(await deps.imports.failAtRow(row, reason))) return { kind: 'more', rows: row.at.row };
  return cleanUp(deps, { ...row, state: 'failed' });
}

async function end(deps: SubscriberImportDeps, row: OwnedImport, reason: Import['reason']): Promise<ImportPass> {
  const ended = reason === null ? await deps.imports.finish(row) : await deps.imports.fail(row, reason);
  if (!ended) return { kind: 'more', rows: row.at.row };
  return cleanUp(deps, { ...row, state: reason === null ? 'done' : 'failed' });
}

async function deleteUpload({ blobs, imports }: SubscriberImportDeps, row: Import): Promise<ImportPass> {
  await blobs.remove(row.account, row.blob);
  await imports.deleteUpload(row);
  return { kind: 'missing', rows: 0 };
}

/** Deletes the file and the dry run. Repeating it changes nothing, and the sweep repeats it after a crash. */
async function cleanUp(deps: SubscriberImportDeps, row: Import): Promise<ImportPass> {
  await deps.blobs.remove(row.account, row.blob);
  if (row.dry_run) await deps.importRows.deleteDryRun(row.account, row._id);
  await deps.imports.recordCleanedUp(row);
  return { kind: row.state === 'done' ? 'done' : 'failed', rows: row.at.row };
}
