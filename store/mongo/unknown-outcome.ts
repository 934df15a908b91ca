import { MongoError, MongoServerError } from 'mongodb';

/** Server codes after which a write may or may not have happened: no primary, stepping down, stopping, out of time. */
const TRANSIENT_CODES = new Set([
  6, 7, 50, 64, 74, 89, 91, 94, 112, 133, 134, 189, 202, 246, 262, 9001, 10107, 11600, 11601, 11602, 13435, 13436,
]);

/** A socket that dies under a command may reach us as Node's own error: the driver (7.9) does not wrap each of them. */
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

/** True where nobody can say whether the operation happened, or where the same operation may succeed in a moment. */
export function outcomeIsUnknown(error: unknown): boolean {
  if (error instanceof MongoServerError) {
    return TRANSIENT_CODES.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
  }
  if (error instanceof MongoError) return true;
  return error instanceof Error && 'code' in error && SOCKET_ERRORS.has(String(error.code));
}
