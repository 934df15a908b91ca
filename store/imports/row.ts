import type { CsvColumn, CsvEncoding, Delimiter } from '../../domain/import/csv.js';
import type { ImportCounts } from '../../domain/import/row-fate.js';
import type { BlobId } from '../mongo/blobs.js';

export const IMPORT_STATES = ['queued', 'running', 'done', 'failed'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** Why an import ended before the end of its file. */
export type ImportFailure = 'unclosed_quote' | 'row_too_long' | 'list_deleted' | 'file_lost';

/**
 * The position at which an import continues: the number of rows before it, and the byte of the stored file at which the
 * next row begins.
 */
export interface ImportPosition {
  readonly row: number;
  readonly byte: number;
}

/** Properties detected when the file was accepted; they are not detected again later. */
export interface CsvFile {
  readonly name: string;
  readonly bytes: number;
  readonly encoding: CsvEncoding;
  readonly delimiter: Delimiter;
  readonly columns: readonly CsvColumn[];
  /** The byte of the first row below the header. */
  readonly start: number;
}

export interface Import {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  /** `uploading` rows are not shown: they name the blob to delete if the upload breaks off (`sweep_at`). */
  readonly state: ImportState | 'uploading';
  readonly reason: ImportFailure | null;
  readonly dry_run: boolean;
  /** Added to each subscriber in the file. */
  readonly tags: readonly string[];
  readonly blob: BlobId;
  readonly file: CsvFile | null;
  readonly at: ImportPosition;
  readonly counts: ImportCounts;
  /** The attempt that may move `at` and `counts`; each attempt draws its own token, which excludes all earlier ones. */
  readonly token: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  /** When the sweep checks this row; null where nothing is due. */
  readonly sweep_at: Date | null;
  /** The Idempotency-Key's claim that created it, so that a retry after a crash finds it. */
  readonly origin?: string;
}
