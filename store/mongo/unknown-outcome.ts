import { MongoBulkWriteError, MongoError, MongoServerError, MongoWriteConcernError } from 'mongodb';

/** Server codes after which a write may or may not have happened: no primary, stepping down, stopping, out of time. */
const TRANSIENT_CODES = new Set([
  6, 7, 50, 64, 74, 89, 91, 94, 112, 133, 134, 189, 202, 246, 262, 9001, 10107, 11600, 11601, 11602, 13435, 13436,
]);

/** Node's error codes for a closed socket: the driver (7.9) does not wrap all of them. */
const SOCKET_ERRORS = new Set([
  'EPIPE',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTCONN',
  'ETIMEDOUT',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** True where the outcome of the operation is unknown, or where a retry may succeed soon. */
export function outcomeIsUnknown(error: unknown): boolean {
  // The primary has written it, whatever the reason: it may be undone or stay.
  if (error instanceof MongoWriteConcernError) return true;
  // The driver wraps a lost connection, or the lack of a primary, as if the server had refused the bulk.
  if (error instanceof MongoBulkWriteError && typeof error.code !== 'number') return true;
  if (error instanceof MongoServerError) {
    return TRANSIENT_CODES.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
  }
  if (error instanceof MongoError) return true;
  return error instanceof Error && 'code' in error && SOCKET_ERRORS.has(String(error.code));
}
