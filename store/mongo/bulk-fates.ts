import { MongoBulkWriteError, MongoServerError } from 'mongodb';
import { isDuplicateKey } from './duplicate-key.js';
import { outcomeIsUnknown } from './unknown-outcome.js';

/** What became of one write of an unordered bulk. `unknown`: it is executed now, later or never. */
export type WriteFate = 'executed' | 'duplicate_key' | 'unknown' | { readonly refused: unknown };

/**
 * The fate of each of `count` rows whose unordered insert failed. A row without an error of its own was inserted only if
 * nothing but errors of other rows is known against the command.
 */
export function fatesAfter(error: unknown, count: number): readonly WriteFate[] {
  const ofRows = new Map(rowErrors(error).map((one) => [one.index, fateOfRowError(one)]));
  const rest = fateOfOthers(error, [...ofRows.values()]);
  return Array.from({ length: count }, (_, i) => ofRows.get(i) ?? rest);
}

/** With a write-concern error `error.writeErrors` is empty; the result has them. */
function rowErrors(error: unknown) {
  return error instanceof MongoBulkWriteError ? error.result.getWriteErrors() : [];
}

function fateOfRowError({ code, errmsg }: { readonly code: number; readonly errmsg?: string | undefined }): WriteFate {
  const refused = new MongoServerError({ code, message: errmsg ?? `write error ${code}` });
  if (isDuplicateKey(refused)) return 'duplicate_key';
  return outcomeIsUnknown(refused) ? 'unknown' : { refused };
}

function fateOfOthers(error: unknown, ofRows: readonly WriteFate[]): WriteFate {
  if (!(error instanceof MongoBulkWriteError)) return outcomeIsUnknown(error) ? 'unknown' : { refused: error };
  // After a passing error, such as that of a server that steps down, the server leaves out the rows behind it.
  if (error.result.getWriteConcernError() !== undefined || ofRows.includes('unknown')) return 'unknown';
  if (ofRows.length > 0) return 'executed';
  // An error of the whole command. The driver wraps its own errors, which have no number, as an error of the bulk.
  return typeof error.code === 'number' && !outcomeIsUnknown(error) ? { refused: error } : 'unknown';
}
