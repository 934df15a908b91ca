import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { MessageState } from '../../domain/message/message.js';
import { sharedCalls } from '../../domain/shared-calls.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { foreignOrMissing, type Owned } from '../mongo/ownership.js';
import { restores } from '../restores/restores.js';
import { suppressionId } from '../suppressions/suppression-id.js';
import { messageAcceptance } from './acceptance.js';
import type { Message } from './row.js';
import { messageRuns } from './runs.js';

interface MessageQuery {
  readonly state?: MessageState | undefined;
  readonly tag?: string | undefined;
  /** Identity of the recipient's address. */
  readonly to?: string | undefined;
  /** Id of the last message on the page before; older ones follow. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export type Messages = ReturnType<typeof messages>;

/** States of a waiting message: it may be cancelled, and no attempt is in flight. */
export const WAITING: readonly MessageState[] = ['accepted', 'deferred'];

/** So many of the newest messages to a recipient are searched for scheduled ones. */
const SCHEDULED_AMONG = 200;

/** Filters for messages to a recipient and for messages that name them to others; each has its index. */
export function toOrAbout(account: number, emailKey: string) {
  return [
    { account, to_key: emailKey },
    { account, about: suppressionId(account, emailKey) },
  ] as const;
}

/** Transactional messages as the API reads them; `progress.ts` has the writes of their delivery. */
export function messages(store: Store) {
  const rows = majorityCollection<Message>(store, 'messages');
  return {
    ...messageAcceptance(store),
    ...reading(rows),
    ...waiting(rows),
    ...sweeping(rows),
    ...cancelling(rows),
    ...messageRuns(rows),
    restoredAt: restores(store).lastBegan,
  };
}

function reading(rows: Collection<Message>) {
  const shared = sharedCalls<string, Message | null>({ send: (ids) => findAll(rows, ids) });
  return {
    /** Concurrent reads share a command. */
    find: async (account: number, _id: string): Promise<Message | null> => {
      const row = await shared(_id);
      return row?.account === account ? row : null;
    },

    /** In no order; those that do not exist are missing. */
    findMany: (account: number, ids: readonly string[]): Promise<Message[]> =>
      rows.find({ _id: { $in: [...ids] }, account }).toArray(),

    /** The row of a signed return path. The signature authorizes the read, so no account is needed. */
    ofReturnPath: (_id: string): Promise<Message | null> => rows.findOne({ _id }),

    /** By UUID or number. Reports that a message belongs to another account, without returning it. */
    owned: async (account: number, id: string | number): Promise<Owned<Message>> => {
      const row = await rows.findOne(typeof id === 'number' ? { number: id } : { _id: id });
      if (row === null) return 'missing';
      return row.account === account ? row : foreignOrMissing(rows, account, row.account);
    },

    /** The primary message first, then its copies in the order in which they were named. */
    ofGroup: (account: number, group: string): Promise<Message[]> =>
      rows.find({ account, group }).sort({ number: 1 }).toArray(),

    /** The newest first, without their content. */
    page: (account: number, { state, tag, to, after, limit }: MessageQuery): Promise<Message[]> => {
      const filter: Filter<Message> = {
        account,
        ...(state !== undefined && { state }),
        ...(tag !== undefined && { tags: tag }),
        ...(to !== undefined && { to_key: to }),
        ...(after !== undefined && { _id: { $lt: after } }),
      };
      return rows
        .find(filter, { projection: { body: 0 } })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray();
    },

    /** Messages of all accounts that are not final, or whose outcome is not published yet. */
    countOpen: (): Promise<number> => rows.countDocuments({ sweep_at: { $type: 'date' } }),

    /** The message created under an Idempotency-Key. */
    withIdempotencyKey: (account: number, key: string): Promise<Message | null> => rows.findOne({ account, key }),

    /** The newest primary message of an equal request. */
    latestWithHash: (account: number, hash: string): Promise<Message | null> =>
      rows.findOne({ account, hash, role: 'to' }, { sort: { created_at: -1 } }),
  };
}

function waiting(rows: Collection<Message>) {
  return {
    /** Waiting messages to a recipient, or about them. */
    waitingFor: async (account: number, emailKey: string): Promise<Message[]> => {
      const waiting = { state: { $in: WAITING } };
      const of = toOrAbout(account, emailKey).map((filter) => rows.find({ ...filter, ...waiting }).toArray());
      return (await Promise.all(of)).flat();
    },

    /** Waiting messages to a recipient that are due after `at`, the next first; only among the newest messages to them. */
    scheduledTo: async (account: number, emailKey: string, at: Date, limit: number): Promise<Message[]> => {
      const newest = [{ $match: { account, to_key: emailKey } }, { $sort: { _id: -1 } }, { $limit: SCHEDULED_AMONG }];
      const waiting = { state: { $in: [...WAITING] }, due: { $gt: at } };
      return rows
        .aggregate<Message>([
          ...newest,
          { $match: waiting },
          { $unset: 'body' },
          { $sort: { due: 1 } },
          { $limit: limit },
        ])
        .toArray();
    },
  };
}

/** In the order of the ids. */
async function findAll(rows: Collection<Message>, ids: readonly string[]): Promise<(Message | null)[]> {
  if (ids.length === 1) return [await rows.findOne({ _id: ids[0] ?? '' })];
  const found = await rows.find({ _id: { $in: [...ids] } }, { batchSize: ids.length + 1 }).toArray();
  const byId = new Map(found.map((row) => [row._id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

function cancelling(rows: Collection<Message>) {
  return {
    /**
     * Cancels a waiting message; null if it does not wait. A message that waits for its re-send becomes uncertain again.
     * Atomic: one conditional update.
     */
    cancel: async (account: number, _id: string): Promise<Message | null> => {
      const at = now();
      return rows.findOneAndUpdate(
        { _id, account, state: { $in: WAITING } },
        [{ $set: { state: CANCELLED, token: null, updated_at: at, sweep_at: at } }],
        { returnDocument: 'after' },
      );
    },
  };
}

const CANCELLED = { $cond: ['$resent', 'uncertain', 'cancelled'] };

function sweeping(rows: Collection<Message>) {
  const endSweeps = sharedCalls<Message, void>({
    send: async (published) => {
      // Each under its own filter: one for all of them would end the sweep of a row that was changed meanwhile.
      const updates = published.map((row) => ({ updateOne: { filter: asRead(row), update: NEVER_AGAIN } }));
      await rows.bulkWrite(updates, { ordered: false });
      return [];
    },
  });
  return {
    /** The events of this row are published: the sweep checks it no more, unless it was changed meanwhile. */
    endSweep: (row: Message): Promise<void> => endSweeps(row),

    /** Messages of all accounts whose check is due, the longest due first, without their content. */
    due: (before: Date, limit: number): Promise<Message[]> =>
      dueRows(rows, before).project<Message>({ body: 0 }).limit(limit).toArray(),

    /** Moves the check of messages queued in a process to `until`, unless their attempt has begun. Atomic for each. */
    postponeSweep: async (ids: readonly string[], until: Date): Promise<void> => {
      await rows.updateMany({ _id: { $in: [...ids] }, state: 'accepted' }, { $max: { sweep_at: until } });
    },

    /** Checks again at `at`; false if the row changed since it was read. Atomic: one conditional update. */
    sweepAgain: (row: Message, at: Date): Promise<boolean> => moveSweep(rows, asRead(row), at),
  };
}

const NEVER_AGAIN = { $set: { sweep_at: null } };

function asRead({ _id, state, attempt, sweep_at }: Message): Filter<Message> {
  return { _id, state, attempt, sweep_at };
}
