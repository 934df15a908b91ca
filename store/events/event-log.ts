import { setTimeout as pause } from 'node:timers/promises';
import type { ChangeStream } from 'mongodb';
import { monotonic, now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { countEvents, type EventQuery, readEvents, type TypeCount } from './event-pages.js';
import type { SequencedEvent, StoredEvent } from './events.js';

/** How far the events of an account are numbered. One document for each account. */
interface Head {
  readonly _id: number;
  /** Every event up to this sequence number is numbered; the numbers never change. */
  readonly head: number;
  /** The events that get the numbers from + 1, from + 2 …; null while no batch is being numbered. */
  readonly batch: readonly string[] | null;
  readonly from: number;
}

/** A subscription to appended events. */
interface EventWatch {
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export type EventLog = ReturnType<typeof eventLog>;

const BATCH_SIZE = 1_000;

/**
 * The order of the event log. Transactions, several processes and clocks can make an event visible after another event
 * with a later time, so readers cannot continue from a time. Events get sequence numbers instead, and only once they
 * are visible: a reader who has read up to a number has missed no event before it. All reads and writes here use
 * majority concern on the primary.
 */
export function eventLog(store: Store) {
  const heads = majorityCollection<Head>(store, 'event_sequences');
  const events = majorityCollection<StoredEvent>(store, 'events');
  const headOf = async (account: number) => (await heads.findOne({ _id: account }))?.head ?? 0;

  return {
    /**
     * Numbers every visible event of an account and returns the last number. Any process may call it at any time: one
     * conditional write decides a batch, and a process that finds an unfinished batch finishes it with the same
     * numbers.
     */
    assignSequences: async (account: number): Promise<number> => {
      for (;;) {
        // Read before the events: if the head is unchanged afterwards, no other process has numbered them.
        const before = (await heads.findOne({ _id: account })) ?? { _id: account, head: 0, batch: null, from: 0 };
        const { batch } = before;
        if (batch !== null) {
          await assignBatch(store, heads, events, { ...before, batch });
          continue;
        }
        const decided = await decideBatch(heads, events, before);
        if (decided === 'nothing') return before.head;
        if (decided === 'overtaken') continue;
        await assignBatch(store, heads, events, decided);
        // A batch that is not full contains every event that was visible when it was decided.
        if (decided.batch.length < BATCH_SIZE) return decided.from + decided.batch.length;
      }
    },

    head: headOf,
    ...sequencedEvents(events, headOf),

    /** Accounts with events that have no sequence number, or with an unfinished batch. */
    accountsToSequence: async (): Promise<number[]> => {
      const undone = await heads.find({ batch: { $type: 'array' } }).toArray();
      const unsequenced = await events.distinct('account', { append_index: { $exists: true } });
      return [...new Set([...unsequenced, ...undone.map(({ _id }) => _id)])];
    },

    /**
     * The sequence number up to which retention has deleted every event beyond `after`; `after` itself if it deleted
     * none. Erased people leave gaps further on; those gaps do not count.
     */
    deletedUpTo: async (account: number, after: number): Promise<number> => {
      const kept = (await oldestSequence(events, account)) ?? (await headOf(account)) + 1;
      return Math.max(after, kept - 1);
    },

    /** One event by its public id. */
    byPublicId: (account: number, public_id: string): Promise<StoredEvent | null> =>
      events.findOne({ account, public_id }),

    /** Events by their public ids, in no order; those that do not exist are missing. */
    byPublicIds: (account: number, evts: readonly string[]): Promise<StoredEvent[]> =>
      evts.length === 0 ? Promise.resolve([]) : events.find({ public_id: { $in: [...evts] }, account }).toArray(),

    watch: watchInserts(store),
  };
}

/** Reading events that have their numbers. */
function sequencedEvents(events: Stored, headOf: (account: number) => Promise<number>) {
  return {
    /** The next events beyond a sequence number, in order, and the number from which the caller continues. */
    next: async (account: number, after: number, types: readonly string[], limit: number) => {
      const head = await headOf(account);
      const filter = { account, type: { $in: [...types] }, seq: { $gt: after, $lte: head } };
      const found = await events.find(filter).sort({ seq: 1 }).limit(limit).toArray();
      const last = found.length < limit ? undefined : found.at(-1)?.seq;
      return { found: found as SequencedEvent[], upTo: Math.max(after, last ?? head) };
    },

    /** The sequence numbers of events of these types beyond `after`, in order, at most `limit`. */
    sequences: async (account: number, after: number, types: readonly string[], limit: number): Promise<number[]> => {
      const filter = { account, type: { $in: [...types] }, seq: { $gt: after } };
      const found = events
        .find(filter, { projection: { _id: 0, seq: 1 } })
        .sort({ seq: 1 })
        .limit(limit);
      return (await found.toArray()).map(({ seq = 0 }) => seq);
    },

    /** Events in order, without those that have no sequence number yet. */
    page: async (account: number, query: EventQuery): Promise<SequencedEvent[]> =>
      readEvents(events, account, query, await headOf(account)),

    /** How many events of each type match, up to `most` events in the order of the query, the most frequent type first. */
    countByType: async (account: number, query: EventQuery, most: number): Promise<TypeCount[]> =>
      countEvents(events, account, { ...query, limit: most }, await headOf(account)),
  };
}

/**
 * Milliseconds. Each batch of the change stream costs client and server as much as a write, so the stream gathers
 * events.
 */
const GATHER_MS = 200;
/** Milliseconds within which the events of one batch are read from the client's buffer. */
const BUFFERED_MS = 10;

/**
 * Calls `appended` with the account of each new event until the watch is closed. `ended` rejects, and the stream is
 * closed, on an error.
 */
function watchInserts({ db }: Store) {
  return (appended: (account: number) => void): EventWatch => {
    const only = [
      { $match: { operationType: 'insert' } },
      { $project: { operationType: 1, 'fullDocument.account': 1 } },
    ];
    const stream = db.collection<StoredEvent>('events').watch(only);
    let closing = false;
    const ended = follow(stream, appended).catch((error) => {
      if (!closing) throw error;
    });
    const close = (): Promise<void> => {
      closing = true;
      return stream.close();
    };
    return { ended, close };
  };
}

async function follow(stream: ChangeStream<StoredEvent>, appended: (account: number) => void): Promise<void> {
  let gathered = Number.NEGATIVE_INFINITY;
  for await (const change of stream) {
    if (change.operationType === 'insert') appended(change.fullDocument.account);
    if (monotonic() - gathered < BUFFERED_MS) continue;
    await pause(GATHER_MS);
    gathered = monotonic();
  }
}

async function oldestSequence(events: Stored, account: number): Promise<number | undefined> {
  const filter = { account, seq: { $exists: true } };
  return (await events.findOne(filter, { sort: { seq: 1 }, projection: { seq: 1 } }))?.seq;
}

type Heads = ReturnType<typeof majorityCollection<Head>>;
type Stored = ReturnType<typeof majorityCollection<StoredEvent>>;
type DecidedBatch = Head & { readonly batch: readonly string[] };

async function decideBatch(
  heads: Heads,
  events: Stored,
  { _id, head }: Head,
): Promise<DecidedBatch | 'nothing' | 'overtaken'> {
  const waiting = events.find({ account: _id, append_index: { $exists: true } }).project<{ _id: string }>({ _id: 1 });
  const batch = (await waiting.sort({ at: 1, append_index: 1, _id: 1 }).limit(BATCH_SIZE).toArray()).map(
    (event) => event._id,
  );
  if (batch.length === 0) return 'nothing';
  try {
    const free = { _id, head, batch: null };
    const decision = { $set: { batch, from: head } };
    const { matchedCount, upsertedCount } = await heads.updateOne(free, decision, { upsert: head === 0 });
    return matchedCount + upsertedCount === 1 ? { _id, head, batch, from: head } : 'overtaken';
  } catch (error) {
    if (isDuplicateKey(error)) return 'overtaken';
    throw error;
  }
}

/** Writes a decided batch. Every step may be repeated, also concurrently: the numbers are always the same. */
async function assignBatch(
  store: Store,
  heads: Heads,
  events: Stored,
  { _id, from, batch }: DecidedBatch,
): Promise<void> {
  const updates = batch.map((event, i) => ({
    updateOne: {
      filter: { _id: event },
      update: { $set: { seq: from + 1 + i }, $unset: { append_index: '' as const } },
    },
  }));
  await events.bulkWrite(updates, { ordered: false });
  await heads.updateOne({ _id }, { $max: { head: from + batch.length } });
  await scheduleEndpoints(store, _id);
  await heads.updateOne({ _id, from, batch: { $ne: null } }, { $set: { batch: null } });
}

/**
 * Runs once the events can be read, so that an endpoint that finds nothing afterwards has missed nothing; and before
 * the batch is over, so that another process repeats it if this one dies in between.
 */
async function scheduleEndpoints({ db }: Store, account: number): Promise<void> {
  const at = now();
  const open = { account, state: 'enabled', $or: [{ sweep_at: null }, { sweep_at: { $gt: at } }] };
  await db.collection('endpoints').updateMany(open, { $set: { sweep_at: at } });
}
