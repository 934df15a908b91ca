import {
  BSON,
  type Collection,
  type Document,
  MongoBulkWriteError,
  MongoServerError,
  type OptionalUnlessRequiredId,
} from 'mongodb';
import { sharedCalls } from '../../domain/shared-calls.js';
import { outcomeIsUnknown } from './conditional-writes.js';
import { isDuplicateKey } from './duplicate-key.js';

/** What became of one row of a shared insert. `unknown`: it is stored now, later or never. */
export type InsertFate = 'inserted' | 'duplicate_key' | 'unknown' | { readonly refused: unknown };

const MOST_ROWS = 200;
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Inserts one row; rows that arrive while an insert is under way share the next one. Atomic for each row
 * (docs/architecture/protocol.md "Messages").
 */
export function sharedInsert<T extends Document>(rows: Collection<T>): (row: T) => Promise<InsertFate> {
  const insert = async (group: readonly T[]): Promise<readonly InsertFate[]> => {
    try {
      await rows.insertMany([...group] as OptionalUnlessRequiredId<T>[], { ordered: false });
      return group.map(() => 'inserted');
    } catch (error) {
      return fatesAfter(error, group.length);
    }
  };
  return sharedCalls({
    send: insert,
    most: MOST_ROWS,
    size: { of: (row: T) => BSON.calculateObjectSize(row, { ignoreUndefined: true }), most: MOST_BYTES },
  });
}

/**
 * The fate of each of `count` rows whose unordered insert failed. A row without an error of its own was inserted only if
 * nothing but errors of other rows is known against the command.
 */
export function fatesAfter(error: unknown, count: number): readonly InsertFate[] {
  const ofRows = new Map(rowErrors(error).map((one) => [one.index, fateOfRowError(one)]));
  const rest = fateOfOthers(error, [...ofRows.values()]);
  return Array.from({ length: count }, (_, i) => ofRows.get(i) ?? rest);
}

/** With a write-concern error `error.writeErrors` is empty; the result has them. */
function rowErrors(error: unknown) {
  return error instanceof MongoBulkWriteError ? error.result.getWriteErrors() : [];
}

function fateOfRowError({ code, errmsg }: { readonly code: number; readonly errmsg?: string | undefined }): InsertFate {
  const refused = new MongoServerError({ code, message: errmsg ?? `write error ${code}` });
  if (isDuplicateKey(refused)) return 'duplicate_key';
  return outcomeIsUnknown(refused) ? 'unknown' : { refused };
}

function fateOfOthers(error: unknown, ofRows: readonly InsertFate[]): InsertFate {
  if (!(error instanceof MongoBulkWriteError)) return outcomeIsUnknown(error) ? 'unknown' : { refused: error };
  // After a passing error, such as that of a server that steps down, the server leaves out the rows behind it.
  if (error.result.getWriteConcernError() !== undefined || ofRows.includes('unknown')) return 'unknown';
  if (ofRows.length > 0) return 'inserted';
  // An error of the whole command. The driver wraps its own errors, which have no number, as an error of the bulk.
  return typeof error.code === 'number' && !outcomeIsUnknown(error) ? { refused: error } : 'unknown';
}
