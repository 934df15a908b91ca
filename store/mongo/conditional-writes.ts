import { setTimeout as pause } from 'node:timers/promises';
import {
  type Collection,
  type Filter,
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
  type UpdateFilter,
} from 'mongodb';
import { sharedCalls } from '../../domain/shared-calls.js';
import { fatesAfter, type WriteFate } from './bulk-fates.js';
import { DUPLICATE_KEY } from './duplicate-key.js';
import { outcomeIsUnknown } from './unknown-outcome.js';

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
    // No command was sent: one of the writes is at fault.
    if (!(error instanceof MongoBulkWriteError || outcomeIsUnknown(error))) return updateEach(rows, writes);
    const fates = fatesAfter(error, writes.length);
    const unknown = new MongoError(String(error), { cause: error as Error });
    return (index) => answerOf(fates[index], unknown);
  }
}

/** A write without an error of its own was executed, whether it matched or not. */
function answerOf(fate: WriteFate | undefined, unknown: Error): WriteAnswer {
  if (fate === 'executed') return 'no_match';
  if (fate === 'duplicate_key') return new MongoServerError({ code: DUPLICATE_KEY, message: 'duplicate key' });
  return typeof fate === 'object' && fate.refused instanceof Error ? fate.refused : unknown;
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
