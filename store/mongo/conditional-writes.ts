import { setTimeout as pause } from 'node:timers/promises';
import { type Collection, type Filter, MongoError, MongoServerError, type UpdateFilter } from 'mongodb';

/** Whether the writing attempt is still alive; a write with an unknown outcome is repeated only while it is. */
export type Alive = () => boolean;
export type Verdict = 'done' | 'lost';

const BETWEEN_ATTEMPTS = 100;

export function untilNextAttempt(): Promise<void> {
  return pause(BETWEEN_ATTEMPTS);
}

export type ConditionalWrites<T extends Row> = (alive: Alive, write: ConditionalWrite<T>) => Promise<Verdict>;

interface Row {
  readonly _id: string;
}

interface ConditionalWrite<T extends Row> {
  readonly filter: Filter<T>;
  readonly update: UpdateFilter<T>;
  readonly id: string;
  readonly isAfter: (now: T) => boolean;
  readonly isBefore: (now: T) => boolean;
}

/** A majority read of a newly elected primary may miss acknowledged writes; a linearizable read does not. */
const DECIDING_READ = { readConcern: 'linearizable', maxTimeMS: 10_000 } as const;

/**
 * Repeats a write with an unknown outcome; after no match one linearizable read decides (docs/architecture/protocol.md
 * "Operations on a page").
 */
export function conditionalWrites<T extends Row>(rows: Collection<T>): ConditionalWrites<T> {
  const once = async ({ filter, update, id, isAfter, isBefore }: ConditionalWrite<T>): Promise<Verdict | 'again'> => {
    const { matchedCount } = await rows.updateOne(filter, update);
    if (matchedCount === 1) return 'done';
    const now = (await rows.findOne({ _id: id } as Filter<T>, DECIDING_READ)) as T | null;
    if (now === null) return 'lost';
    if (isAfter(now)) return 'done';
    return isBefore(now) ? 'again' : 'lost';
  };
  return async (alive, write) => {
    while (alive()) {
      try {
        const verdict = await once(write);
        if (verdict !== 'again') return verdict;
      } catch (error) {
        if (!outcomeIsUnknown(error)) throw error;
        await untilNextAttempt();
      }
    }
    return 'lost';
  };
}

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
  if (error instanceof MongoServerError) {
    return TRANSIENT_CODES.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
  }
  if (error instanceof MongoError) return true;
  return error instanceof Error && 'code' in error && SOCKET_ERRORS.has(String(error.code));
}
