import type { CsvColumn } from '../../domain/import/column-fields.js';
import type { Delimiter } from '../../domain/import/delimiter.js';
import type { ImportCounts } from '../../domain/import/row-fate.js';
import type { Attributes, SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import type { BlobId } from '../mongo/blobs.js';

export const IMPORT_STATES = ['queued', 'running', 'done', 'failed'] as const;
export type ImportState = (typeof IMPORT_STATES)[number];

/** What an import may have to guess. */
export const IMPORT_GUESSES = ['encoding', 'delimiter', 'header_row', 'columns', 'statuses', 'addresses'] as const;

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

/** What a cell of a status column means; null: it is not known, and its rows are not imported. */
export interface StatusValue {
  readonly column: string;
  readonly value: string;
  readonly status: SubscriberStatus | null;
  readonly isGiven: boolean;
}

/** One of the first rows, as it is imported, or why it is not. */
export type SampleRow =
  | { readonly row: number; readonly error: string; readonly column: string }
  | {
      readonly row: number;
      readonly email: string;
      readonly first_name: string | null;
      readonly last_name: string | null;
      readonly status: SubscriberStatus;
      readonly tags: readonly string[];
      readonly attributes: Attributes;
    };

export interface Guess {
  readonly container: 'csv' | 'gzip' | 'zip' | 'xlsx';
  /** Of the file as it was sent. */
  readonly encoding: string;
  /** What the request did not say. */
  readonly guessed: readonly (typeof IMPORT_GUESSES)[number][];
  /** As in a spreadsheet; null: the file has no header. */
  readonly headerRow: number | null;
  readonly status_values: readonly StatusValue[];
}

/** Properties detected when the file was accepted; they are not detected again later. */
export interface CsvFile {
  readonly name: string;
  readonly bytes: number;
  readonly encoding: string;
  readonly delimiter: Delimiter;
  readonly columns: readonly CsvColumn[];
  /** The byte of the first row below the header. */
  readonly start: number;
  /** The known export that it is. Absent, like the fields below, in rows of earlier versions. */
  readonly format?: string | null;
  /** The number of the first row below the header in a spreadsheet. */
  readonly firstRow?: number;
  /** Words of its status columns with the statuses that the request gives them. */
  readonly statuses?: readonly (readonly [word: string, status: SubscriberStatus])[];
  readonly guess?: Guess;
  readonly sample?: readonly SampleRow[];
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
