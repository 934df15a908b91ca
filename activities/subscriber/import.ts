import type { Readable } from 'node:stream';
import { type CsvError, Parser } from 'csv-parse';
import { monotonic } from '../../clock.js';
import { CSV_PARSE_OPTIONS, parserEncoding } from '../../domain/import/csv.js';
import { countFates } from '../../domain/import/row-fate.js';
import { readRow, refusalError } from '../../domain/import/row-reading.js';
import { parseMailbox } from '../../mail/address.js';
import type { Imports, OwnedImport } from '../../store/imports/imports.js';
import type { CsvFile, Import, ImportFailure, ImportPosition } from '../../store/imports/row.js';
import type { ImportErrors, ImportRows } from '../../store/imports/rows.js';
import type { Blobs } from '../../store/mongo/blobs.js';
import type { CustomFields } from '../../store/subscribers/custom-fields.js';
import type { ImportInput } from '../../workflows/messages/import.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';

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
  for await (const piece of chunksOf(source, taken.file, taken.at, deps.chunk ?? CHUNK)) {
    if (piece.kind === 'broken') return end(deps, row, piece.reason);
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

/** Writes the rows, then their errors, then counts both and moves on in one write. Undefined: another attempt took over. */
async function importChunk(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  { rows, end: at }: Extract<CsvPiece, { kind: 'chunk' }>,
): Promise<OwnedImport | undefined> {
  const { _id: id, account, list_id: list, dry_run: dryRun, tags } = row;
  const from = row.at.row;
  const reader = { ...file, tags, fields: await deps.customFields.rules(account), parseAddress: parseMailbox };
  const read = rows.map((cells, offset) => readRow(reader, cells, from + offset));
  const requests = read.flatMap((one) => (one.kind === 'request' ? one.request : []));
  const fates = await deps.importRows.importRows({ account, list, import: id, from, dryRun, requests });
  const errors = [
    ...read.flatMap((one) => (one.kind === 'error' ? one.error : [])),
    ...requests.flatMap((request) => refusalError(request, fates.get(request.row)) ?? []),
  ].sort((a, b) => a.row - b.row);
  if (row.counts.invalid < ERRORS_LISTED) await deps.importErrors.record(account, id, from, errors);
  return deps.imports.advance(row, at, { ...countFates(fates.values()), invalid: errors.length });
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

/** The next rows of a file, or the reason why the rest cannot be read. */
export type CsvPiece =
  | { readonly kind: 'chunk'; readonly rows: readonly (readonly string[])[]; readonly end: ImportPosition }
  | { readonly kind: 'broken'; readonly reason: ImportFailure };

interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The rows that one step of an import holds in memory and one write counts. */
const CHUNK: ChunkLimits = { rows: 1_000, bytes: 1_048_576 };
export const LONGEST_ROW = 262_144;

interface FoundRow {
  readonly cells: readonly string[];
  /** The byte of the stored file after the row and its line end. */
  readonly end: number;
}

/**
 * Cuts a file into chunks from `from` on. The cuts depend only on the file and the limits, so that a repeated chunk is
 * the same chunk; blank rows are not counted.
 */
export async function* chunksOf(
  source: Readable,
  file: Pick<CsvFile, 'delimiter' | 'encoding'>,
  from: ImportPosition,
  limits: ChunkLimits = CHUNK,
): AsyncGenerator<CsvPiece> {
  const parsing = parse(file, from.byte);
  let at = from;
  const cut = function* (all: boolean): Generator<CsvPiece> {
    for (
      let size = nextChunkSize(parsing.found, at, limits, all);
      size > 0;
      size = nextChunkSize(parsing.found, at, limits, all)
    ) {
      const rows = parsing.found.splice(0, size);
      at = { row: at.row + size, byte: rows.at(-1)?.end ?? at.byte };
      yield { kind: 'chunk', rows: rows.map(({ cells }) => cells), end: at };
    }
  };
  for await (const block of source) {
    await parsing.write(block as Buffer);
    if (parsing.trouble() !== undefined) break;
    yield* cut(false);
  }
  if (parsing.trouble() === undefined) await parsing.end();
  yield* cut(true);
  const trouble = parsing.trouble();
  if (trouble !== undefined) yield { kind: 'broken', reason: trouble };
}

/** The number of rows in the next chunk; 0 if there are not enough yet. */
function nextChunkSize(found: readonly FoundRow[], at: ImportPosition, limits: ChunkLimits, all: boolean): number {
  const bytes = found.findIndex(({ end }) => end - at.byte >= limits.bytes) + 1;
  const size = bytes > 0 && bytes < limits.rows ? bytes : limits.rows;
  if (found.length >= size) return size;
  return all ? found.length : 0;
}

/** Rows are added to `found` while they are parsed, so that the rows before a fault are not lost. */
function parse({ delimiter, encoding }: Pick<CsvFile, 'delimiter' | 'encoding'>, start: number) {
  const found: FoundRow[] = [];
  let failure: CsvError | undefined;
  const parser = new Parser({
    delimiter,
    encoding: parserEncoding(encoding),
    ...CSV_PARSE_OPTIONS,
    max_record_size: LONGEST_ROW,
    on_record: (cells: string[], { bytes }) => {
      found.push({ cells, end: start + bytes });
      return null;
    },
  });
  parser.resume();
  parser.on('error', (error: CsvError) => {
    failure = error;
  });
  return {
    found,
    write: (block: Buffer) => new Promise<void>((resolve) => parser.write(block, () => resolve())),
    end: () => new Promise<void>((resolve) => parser.end(() => resolve())),
    trouble: () => (failure === undefined ? undefined : troubleOf(failure)),
  };
}

function troubleOf(failure: CsvError): ImportFailure {
  if (failure.code === 'CSV_MAX_RECORD_SIZE') return 'row_too_long';
  if (failure.code === 'CSV_QUOTE_NOT_CLOSED') return 'unclosed_quote';
  throw failure;
}
