import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { MessageState } from '../../domain/message/message.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { foreignOrMissing, type Owned } from '../mongo/ownership.js';
import { suppressionId } from '../suppressions/suppression-id.js';
import { messageAcceptance } from './acceptance.js';
import type { Message } from './row.js';

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
  return { ...messageAcceptance(store), ...reading(rows), ...sweeping(rows), ...cancelling(rows) };
}

function reading(rows: Collection<Message>) {
  return {
    find: (account: number, _id: string): Promise<Message | null> => rows.findOne({ _id, account }),

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

    /** Waiting messages to a recipient, or about them. */
    waitingFor: async (account: number, emailKey: string): Promise<Message[]> => {
      const waiting = { state: { $in: WAITING } };
      const of = toOrAbout(account, emailKey).map((filter) => rows.find({ ...filter, ...waiting }).toArray());
      return (await Promise.all(of)).flat();
    },

    /** The message created under an Idempotency-Key. */
    withIdempotencyKey: (account: number, key: string): Promise<Message | null> => rows.findOne({ account, key }),

    /** The newest primary message of an equal request. */
    latestWithHash: (account: number, hash: string): Promise<Message | null> =>
      rows.findOne({ account, hash, role: 'to' }, { sort: { created_at: -1 } }),
  };
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
  return {
    /** Messages of all accounts whose check is due, the longest due first. */
    due: (before: Date, limit: number): Promise<Message[]> => dueRows(rows, before).limit(limit).toArray(),

    /** Moves the check of messages queued in a process to `until`, unless their attempt has begun. Atomic for each. */
    postponeSweep: async (ids: readonly string[], until: Date): Promise<void> => {
      await rows.updateMany({ _id: { $in: [...ids] }, state: 'accepted' }, { $max: { sweep_at: until } });
    },

    /** Checks again at `at`, or never; false if the row changed since it was read. Atomic: one conditional update. */
    sweepAgain: ({ _id, state, attempt, sweep_at }: Message, at: Date | null): Promise<boolean> =>
      moveSweep(rows, { _id, state, attempt, sweep_at }, at),
  };
}
