import { monotonic } from '../../clock.js';
import type { RowFate } from '../../domain/import/row-fate.js';
import type { ImportErrors, RowError } from '../../store/imports/errors.js';
import type { CsvFile, Import, ImportCounts, Imports } from '../../store/imports/imports.js';
import type { OwnedImport } from '../../store/imports/progress.js';
import type { ImportRows, NumberedRequest } from '../../store/imports/rows.js';
import type { Blobs } from '../../store/mongo/blobs.js';
import type { CustomFields } from '../../store/subscribers/custom-fields.js';
import type { ImportInput } from '../../workflows/messages.js';
import { type ActivityContext, withHeartbeat } from '../heartbeat.js';
import { readRow, rowError } from './import-cells.js';
import { CHUNK, type ChunkLimits, type CsvPiece, chunksOf } from './import-chunks.js';

export interface SubscriberImportDeps {
  readonly imports: Imports;
  readonly importRows: ImportRows;
  readonly importErrors: ImportErrors;
  readonly blobs: Blobs;
  readonly customFields: Pick<CustomFields, 'rules'>;
  readonly activityContext: () => ActivityContext;
  /** SIGTERM: finish the chunk at hand, begin no other. */
  readonly stopping: AbortSignal;
  /** Tests only: other chunks and a shorter pass. */
  readonly chunk?: ChunkLimits;
  readonly passMs?: number;
}

/** Why a pass came back; `rows` is how far the import is. */
export interface ImportPass {
  readonly kind: 'more' | 'busy' | 'done' | 'failed' | 'missing';
  readonly rows: number;
}

/** One call of the activity works this long, so that a stop or a deploy never waits for a whole file. */
const PASS_MS = 60_000;
const HEARTBEAT_MS = 4_000;
/** Errors beyond are counted, not listed. */
const ERRORS_LISTED = 100_000;

/** Imports from where the row says, chunk by chunk; kill it at any line and the next attempt tells the same story. */
export function subscriberImportActivities(deps: SubscriberImportDeps) {
  return {
    importNextRows: async ({ account, import: id }: ImportInput): Promise<ImportPass> => {
      const activityContext = deps.activityContext();
      return withHeartbeat(activityContext, HEARTBEAT_MS, async () => {
        const taken = await deps.imports.take(account, id);
        if (taken.kind === 'owned') return importRows(deps, activityContext, taken.row);
        if (taken.kind === 'over') return tidyUp(deps, taken.row);
        if (taken.kind === 'abandoned') return forgetUpload(deps, taken.row);
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

/** Rows first, then their errors, then the one write that counts both and moves on. Undefined: overtaken. */
async function importChunk(
  deps: SubscriberImportDeps,
  row: OwnedImport,
  file: CsvFile,
  { rows, end: at }: Extract<CsvPiece, { kind: 'chunk' }>,
): Promise<OwnedImport | undefined> {
  const { _id: id, account, list_id: list, dry_run: dryRun, tags } = row;
  const from = row.at.row;
  const reader = { ...file, tags, fields: await deps.customFields.rules(account) };
  const read = rows.map((cells, offset) => readRow(reader, cells, from + offset));
  const requests = read.flatMap((one) => (one.kind === 'request' ? [one.request] : []));
  const fates = await deps.importRows.importRows({ account, list, import: id, from, dryRun, requests });
  const errors = [
    ...read.flatMap((one) => (one.kind === 'error' ? [one.error] : [])),
    ...requests.flatMap((request) => refusedRow(request, fates.get(request.row)) ?? []),
  ];
  errors.sort((a, b) => a.row - b.row);
  if (row.counts.invalid < ERRORS_LISTED) await deps.importErrors.record(account, id, from, errors);
  return deps.imports.advance(row, at, { ...countsOf([...fates.values()]), invalid: errors.length });
}

function refusedRow({ row, email }: NumberedRequest, fate: RowFate | undefined): RowError | undefined {
  if (fate === 'too_many_tags') return rowError(row, { column: 'tags', reason: fate, value: email });
  if (fate === 'attributes_too_large') return rowError(row, { column: 'attributes', reason: fate, value: email });
  return undefined;
}

function countsOf(fates: readonly RowFate[]): Omit<ImportCounts, 'invalid'> {
  const count = (fate: RowFate) => fates.filter((one) => one === fate).length;
  const [created, updated, unchanged] = [count('created'), count('updated'), count('unchanged')];
  return { created, updated, unchanged, skipped_over_cap: count('over_cap') };
}

async function end(deps: SubscriberImportDeps, row: OwnedImport, reason: Import['reason']): Promise<ImportPass> {
  const ended = reason === null ? await deps.imports.finish(row) : await deps.imports.fail(row, reason);
  if (!ended) return { kind: 'more', rows: row.at.row };
  return tidyUp(deps, { ...row, state: reason === null ? 'done' : 'failed' });
}

async function forgetUpload({ blobs, imports }: SubscriberImportDeps, row: Import): Promise<ImportPass> {
  await blobs.remove(row.account, row.blob);
  await imports.deleteUpload(row);
  return { kind: 'missing', rows: 0 };
}

/** The file has served; repeating this changes nothing, and the sweep repeats it after a crash. */
async function tidyUp(deps: SubscriberImportDeps, row: Import): Promise<ImportPass> {
  await deps.blobs.remove(row.account, row.blob);
  if (row.dry_run) await deps.importRows.deleteDryRun(row.account, row._id);
  await deps.imports.recordCleanedUp(row);
  return { kind: row.state === 'done' ? 'done' : 'failed', rows: row.at.row };
}
