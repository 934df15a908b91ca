import { setTimeout as pause } from 'node:timers/promises';
import type { ChangeStream, Filter } from 'mongodb';
import { monotonic, now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import type { StoredEvent } from './events.js';

/** An event with its place. */
export type SequencedEvent = StoredEvent & { readonly seq: number };

/** How far the events of an account are in order. One document an account. */
interface Head {
  readonly _id: number;
  /** Everything up to here has its place, for good. */
  readonly head: number;
  /** The events that get the places from + 1, from + 2 …; null: nobody is placing any. */
  readonly batch: readonly string[] | null;
  readonly from: number;
}

export interface EventQuery {
  readonly types?: readonly string[];
  readonly campaign?: number;
  readonly subscriber?: number;
  readonly message?: string;
  readonly from?: Date;
  readonly to?: Date;
  /** Beyond this place, in the direction asked for. */
  readonly after?: number;
  readonly descending?: boolean;
  readonly limit: number;
}

/** Somebody listens to the river. */
interface EventWatch {
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export type EventLog = ReturnType<typeof eventLog>;

const BATCH_SIZE = 1_000;

/**
 * The order of the river. An event may become visible after another that bears a later time (transactions, several
 * processes, clocks), so no time is a safe place to go on from. Events get places instead, and only once they are visible:
 * whoever has read up to a place has missed nothing before it. All reads and writes here are majority ones on the primary.
 */
export function eventLog(store: Store) {
  const heads = majorityCollection<Head>(store, 'event_sequences');
  const events = majorityCollection<StoredEvent>(store, 'events');
  const headOf = async (account: number) => (await heads.findOne({ _id: account }))?.head ?? 0;

  return {
    /**
     * Gives every event of an account that is visible now its place. Anybody may call it at any time: a batch is decided by
     * one conditional write, and whoever finds one undone finishes it with the same places. Answers the last place.
     */
    assignSequences: async (account: number): Promise<number> => {
      for (;;) {
        // Before the events: if the head is still there afterwards, nobody has given them a place meanwhile.
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
        // One that is not full holds all that was visible when it was decided.
        if (decided.batch.length < BATCH_SIZE) return decided.from + decided.batch.length;
      }
    },

    head: headOf,

    /** Accounts with events that have no place yet, or with a batch that somebody left undone. */
    accountsToSequence: async (): Promise<number[]> => {
      const undone = await heads.find({ batch: { $type: 'array' } }).toArray();
      const unsequenced = await events.distinct('account', { append_index: { $exists: true } });
      return [...new Set([...unsequenced, ...undone.map(({ _id }) => _id)])];
    },

    /** The next events beyond a place, in order, and how far this has looked: the place to go on from. */
    next: async (account: number, after: number, types: readonly string[], limit: number) => {
      const head = await headOf(account);
      const filter = { account, type: { $in: [...types] }, seq: { $gt: after, $lte: head } };
      const found = await events.find(filter).sort({ seq: 1 }).limit(limit).toArray();
      const last = found.length < limit ? undefined : found.at(-1)?.seq;
      return { found: found as SequencedEvent[], upTo: Math.max(after, last ?? head) };
    },

    /**
     * Up to which place beyond `after` nothing is kept any more; `after` itself where nothing was forgotten. Somebody who was
     * erased leaves gaps further on, which are nobody's loss; this looks for what has become too old.
     */
    deletedUpTo: async (account: number, after: number): Promise<number> => {
      const kept = (await oldestSequence(events, account)) ?? (await headOf(account)) + 1;
      return Math.max(after, kept - 1);
    },

    /** Events in order; those without a place are not there yet. */
    page: async (account: number, query: EventQuery): Promise<SequencedEvent[]> => {
      const filter = matching(account, query, await headOf(account));
      const order = query.descending === true ? -1 : 1;
      return (await events.find(filter).sort({ seq: order }).limit(query.limit).toArray()) as SequencedEvent[];
    },

    /** One event by the id that callers know. */
    byPublicId: (account: number, public_id: string): Promise<StoredEvent | null> =>
      events.findOne({ account, public_id }),

    /** Events by their public ids, in no order; those that do not exist are missing. */
    byPublicIds: (account: number, evts: readonly string[]): Promise<StoredEvent[]> =>
      evts.length === 0 ? Promise.resolve([]) : events.find({ public_id: { $in: [...evts] }, account }).toArray(),

    watch: watchInserts(store),
  };
}

/** Milliseconds: each answer of the stream costs both sides as much as a write, so what follows the first is gathered. */
const GATHER_MS = 200;
/** Within so many milliseconds what came with the last answer has been read. */
const BUFFERED_MS = 10;

/** Tells whose river moves, as it moves, until it is closed; `ended` rejects, and the stream is closed, where it cannot go on. */
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

/** Writes down what is decided. Every step may be repeated, by several at once: the places are the same for all. */
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
 * Said once the events can be read, so that an endpoint that finds nothing after this has missed nothing; and before the
 * batch is over, so that whoever dies in between leaves a batch that somebody finishes.
 */
async function scheduleEndpoints({ db }: Store, account: number): Promise<void> {
  const at = now();
  const open = { account, state: 'enabled', $or: [{ sweep_at: null }, { sweep_at: { $gt: at } }] };
  await db.collection('endpoints').updateMany(open, { $set: { sweep_at: at } });
}

function matching(account: number, query: EventQuery, head: number): Filter<StoredEvent> {
  const { types, campaign, subscriber, message, from, to, after, descending } = query;
  const beyond = descending === true ? { $lte: head, $lt: after ?? head + 1 } : { $gt: after ?? 0, $lte: head };
  return {
    account,
    seq: beyond,
    ...(types && { type: { $in: [...types] } }),
    ...(campaign !== undefined && { campaign }),
    ...(subscriber !== undefined && { subscriber }),
    ...(message !== undefined && { 'data.message': message }),
    ...((from || to) && { at: { ...(from && { $gte: from }), ...(to && { $lt: to }) } }),
  };
}
