import { setTimeout as pause } from 'node:timers/promises';
import {
  type Collection,
  type Filter,
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
  MongoWriteConcernError,
  type UpdateFilter,
} from 'mongodb';
import { sharedCalls } from '../../domain/shared-calls.js';

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
  return untilDecided((write) => writeOne(rows, write));
}

/** Deciding reads of grouped writes at once: each may wait for a majority, and campaigns need the connections too. */
const READS_AT_ONCE = 8;

/**
 * The same for many callers: writes that come while others are under way travel together in the next command. Each is
 * decided by the fate of its own row (docs/architecture/protocol.md "Groups of messages").
 */
export function groupedWrites<T extends Row>(rows: Collection<T>): ConditionalWrites<T> {
  const share = sharedCalls<LivingWrite<T>, WriteAnswer>({ send: (writes) => writeTogether(rows, writes) });
  const decide = sharedCalls<ConditionalWrite<T>, Decision>({
    send: async ([write]) => (write === undefined ? [] : [await readDecision(rows, write)]),
    most: 1,
    atOnce: READS_AT_ONCE,
  });
  return untilDecided(async (write, alive) => {
    const answer = await share({ ...write, alive });
    if (answer instanceof Error) throw answer;
    return answer === 'no_match' ? decide(write) : answer;
  });
}

/** `again`: nothing was changed, and the write may be repeated. */
type Decision = Verdict | 'again';
/** `no_match`: it, or another write of the same command, matched nothing; `again`: its caller had ended. */
type WriteAnswer = 'done' | 'again' | 'no_match' | Error;
type LivingWrite<T extends Row> = ConditionalWrite<T> & { readonly alive: Alive };

function untilDecided<T extends Row>(
  once: (write: ConditionalWrite<T>, alive: Alive) => Promise<Decision>,
): ConditionalWrites<T> {
  return async (alive, write) => {
    while (alive()) {
      try {
        const decision = await once(write, alive);
        if (decision !== 'again') return decision;
      } catch (error) {
        if (!outcomeIsUnknown(error)) throw error;
        await untilNextAttempt();
      }
    }
    return 'lost';
  };
}

async function writeOne<T extends Row>(rows: Collection<T>, write: ConditionalWrite<T>): Promise<Decision> {
  const { matchedCount } = await rows.updateOne(write.filter, write.update);
  return matchedCount === 1 ? 'done' : readDecision(rows, write);
}

async function readDecision<T extends Row>(
  rows: Collection<T>,
  { id, isAfter, isBefore }: ConditionalWrite<T>,
): Promise<Decision> {
  const now = (await rows.findOne({ _id: id } as Filter<T>, DECIDING_READ)) as T | null;
  if (now === null) return 'lost';
  if (isAfter(now)) return 'done';
  return isBefore(now) ? 'again' : 'lost';
}

/** Never rejects: the error of one write must not become that of the others. */
async function writeTogether<T extends Row>(
  rows: Collection<T>,
  writes: readonly LivingWrite<T>[],
): Promise<readonly WriteAnswer[]> {
  const living = writes.filter(({ alive }) => alive());
  const answers = new Map(living.map((write, i) => [write, i] as const));
  const answerOf = await bulkOnce(rows, living);
  return writes.map((write) => {
    const at = answers.get(write);
    return at === undefined ? 'again' : answerOf(at);
  });
}

/** One unordered command, and what it says of each of its writes. */
async function bulkOnce<T extends Row>(
  rows: Collection<T>,
  writes: readonly ConditionalWrite<T>[],
): Promise<(index: number) => WriteAnswer> {
  if (writes.length === 0) return () => 'again';
  if (writes.length === 1) return updateEach(rows, writes);
  try {
    const updates = writes.map(({ filter, update }) => ({ updateOne: { filter, update } }));
    const { matchedCount } = await rows.bulkWrite(updates, { ordered: false });
    return () => (matchedCount === writes.length ? 'done' : 'no_match');
  } catch (error) {
    if (error instanceof MongoBulkWriteError) return errorsInBulk(error);
    // No command was sent: one of the writes is at fault.
    if (!outcomeIsUnknown(error)) return updateEach(rows, writes);
    return () => error as Error;
  }
}

async function updateEach<T extends Row>(
  rows: Collection<T>,
  writes: readonly ConditionalWrite<T>[],
): Promise<(index: number) => WriteAnswer> {
  const results = await Promise.allSettled(writes.map(({ filter, update }) => rows.updateOne(filter, update)));
  return (index) => {
    const result = results[index];
    if (result?.status === 'fulfilled') return result.value.matchedCount === 1 ? 'done' : 'no_match';
    return result?.reason instanceof Error ? result.reason : new Error(String(result?.reason));
  };
}

/**
 * What a failed bulk says of each of its writes. `result.getWriteErrors()` has the refused ones also where a write-concern
 * error leaves `error.writeErrors` empty; the driver (7.9) wraps lost connections as MongoBulkWriteError.
 */
function errorsInBulk(error: MongoBulkWriteError): (index: number) => WriteAnswer {
  const refused = new Map(error.result.getWriteErrors().map((one) => [one.index, one]));
  const isConfirmed = error.result.getWriteConcernError() === undefined;
  // The server refused the command as a whole.
  if (refused.size === 0 && isConfirmed && typeof error.code === 'number') return () => error;
  const unknown = new MongoError(error.message, { cause: error });
  return (index) => {
    const own = refused.get(index);
    if (own !== undefined) return new MongoServerError({ code: own.code, message: own.errmsg ?? 'write refused' });
    return refused.size > 0 && isConfirmed ? 'no_match' : unknown;
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
