import type { Collection } from 'mongodb';
import { now } from '../../clock.js';
import type { IssueKind, IssueReason, IssueState } from '../../domain/newsletter/issue.js';
import type { Store } from '../mongo/connect.js';
import { insertOnce } from '../mongo/duplicate-key.js';
import { dueRows, firstSweepAt } from '../mongo/lease.js';

/** One issue of a newsletter, for one of its times. */
export interface Issue {
  /** Newsletter and time: `7:2026-05-15T07:00:00Z`; the same for every request that begins it. */
  readonly _id: string;
  readonly account: number;
  readonly newsletter: number;
  readonly kind: IssueKind;
  readonly scheduled_at: Date;
  /** Its source is tried until this time; then it is sent. */
  readonly send_at: Date;
  readonly state: IssueState;
  readonly reason: IssueReason | null;
  /** The last problem, as a sentence. */
  readonly detail: string | null;
  /** When its source is tried again; absent before the first problem. */
  readonly next_try?: Date | null;
  /** It began late. */
  readonly late: boolean;
  readonly sent_late: boolean;
  /** Its campaign, once there is content to send. */
  readonly campaign: number | null;
  readonly subject: string | null;
  /** The feed state to be stored once the issue is sent. */
  readonly feed: {
    readonly url: string;
    readonly etag: string | null;
    readonly modified: string | null;
    readonly marks: readonly string[];
    /** How many items it contains, and how many new ones it does not. Absent in rows of earlier versions. */
    readonly sent?: number;
    readonly left?: number;
  } | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly launched_at: Date | null;
  readonly closed_at: Date | null;
  /** When the sweep checks this row; null once it is over. */
  readonly sweep_at: Date | null;
  /** The Idempotency-Key's claim that began it: a repetition after a crash finds it. */
  readonly origin?: string;
}

export type NewIssue = Pick<Issue, '_id' | 'account' | 'newsletter' | 'kind' | 'scheduled_at' | 'send_at'> &
  Partial<Pick<Issue, 'state' | 'reason' | 'late' | 'origin'>>;

export type IssueKey = Pick<Issue, '_id' | 'account'>;

const OPEN: readonly IssueState[] = ['preparing', 'launched'];

export type Issues = ReturnType<typeof issues>;

/** Rows of issues. A step is a compare-and-set on the state; an issue that is over never changes. */
export function issues({ db }: Store) {
  const rows = db.collection<Issue>('issues');
  const move = ({ _id, account }: IssueKey, from: readonly IssueState[], to: Partial<Issue>): Promise<Issue | null> =>
    rows.findOneAndUpdate(
      { _id, account, state: { $in: [...from] } },
      { $set: { ...to, updated_at: now() } },
      { returnDocument: 'after' },
    );
  return {
    ...reading(rows),

    /** Begins an issue, or finds the one that was begun for this time or under this `origin`. Atomic: one insert. */
    open: async (fresh: NewIssue): Promise<Issue> => {
      const row = freshIssue(fresh);
      if ((await insertOnce(rows, row)) === 'inserted') return row;
      const { _id, account, origin } = fresh;
      const same = origin === undefined ? { _id } : { $or: [{ _id }, { origin }] };
      const earlier = await rows.findOne({ ...same, account });
      if (earlier === null) throw new Error(`issue ${fresh._id} is another account's`);
      return earlier;
    },

    /** The issue has content to send. */
    recordPrepared: (key: IssueKey, made: Pick<Issue, 'campaign' | 'subject' | 'feed'>) =>
      move(key, ['preparing'], made),

    /** Records the problem of the last try. */
    recordDetail: (key: IssueKey, detail: string | null, next_try: Date | null = null) =>
      move(key, ['preparing'], { detail, next_try }),

    recordLaunched: (key: IssueKey, subject: string) =>
      move(key, ['preparing'], { state: 'launched', subject, launched_at: now(), detail: null }),

    /** Before its campaign is launched. */
    skip: (key: IssueKey, reason: IssueReason, detail?: string | null) =>
      move(key, ['preparing'], skippedFor(reason, detail)),

    /** Its campaign was launched and has no recipients. */
    skipLaunched: (key: IssueKey, reason: IssueReason, detail: string | null) =>
      move(key, ['launched'], skippedFor(reason, detail)),

    close: (key: IssueKey, state: 'sent' | 'failed', sentLate: boolean) =>
      move(key, ['launched'], { state, sent_late: sentLate, closed_at: now(), sweep_at: null }),

    /** Checks again at `at`. */
    sweepAgain: (key: IssueKey, at: Date) => move(key, OPEN, { sweep_at: at }),

    /** Deletes all issues of a newsletter. */
    deleteAll: async (account: number, newsletter: number): Promise<void> => {
      await rows.deleteMany({ account, newsletter });
    },
  };
}

function reading(rows: Collection<Issue>) {
  return {
    find: ({ _id, account }: IssueKey): Promise<Issue | null> => rows.findOne({ _id, account }),

    /** In no order; those that do not exist are missing. */
    findMany: (account: number, ids: readonly string[]): Promise<Issue[]> =>
      rows.find({ _id: { $in: [...ids] }, account }).toArray(),

    /** One page, the latest time first, and how many there are in all. */
    page: async (account: number, newsletter: number, skip: number, limit: number) => {
      const of = { account, newsletter };
      const found = rows.find(of).sort({ scheduled_at: -1 }).skip(skip).limit(limit).toArray();
      return { found: await found, total: await rows.countDocuments(of) };
    },

    /** The issue that an Idempotency-Key's claim has begun. */
    ofOrigin: (account: number, origin: string): Promise<Issue | null> => rows.findOne({ account, origin }),

    /** Issues that are not over, the oldest first. */
    openIssues: (account: number, newsletter: number): Promise<Issue[]> =>
      rows
        .find({ account, newsletter, state: { $in: [...OPEN] } })
        .sort({ scheduled_at: 1 })
        .toArray(),

    /** Whether any issue was open at this time. */
    wereOpenAt: async (account: number, newsletter: number, time: Date): Promise<boolean> => {
      const begun = { account, newsletter, created_at: { $lte: time } };
      const open = { $or: [{ closed_at: null }, { closed_at: { $gt: time } }] };
      return (await rows.findOne({ ...begun, ...open }, { projection: { _id: 1 } })) !== null;
    },

    /** The subjects of the last issues that were sent, the newest first. */
    lastSubjects: async (account: number, newsletter: number, limit = 10): Promise<string[]> => {
      const found = rows
        .find({ account, newsletter, launched_at: { $ne: null } })
        .sort({ scheduled_at: -1 })
        .limit(limit);
      return (await found.toArray()).flatMap(({ subject }) => subject ?? []);
    },

    /** Issues of all accounts whose check is due, the longest due first. */
    due: (before: Date): AsyncIterable<Issue> => dueRows(rows, before),
  };
}

function skippedFor(reason: IssueReason, detail?: string | null): Partial<Issue> {
  return { state: 'skipped', reason, ...(detail !== undefined && { detail }), closed_at: now(), sweep_at: null };
}

function freshIssue(fresh: NewIssue): Issue {
  const at = now();
  const state = fresh.state ?? 'preparing';
  const isOpen = state === 'preparing';
  return {
    reason: null,
    late: false,
    ...fresh,
    state,
    detail: null,
    sent_late: false,
    campaign: null,
    subject: null,
    feed: null,
    created_at: at,
    updated_at: at,
    launched_at: null,
    closed_at: isOpen ? null : at,
    sweep_at: isOpen ? firstSweepAt(at) : null,
  };
}

/** The data that a caller pushed for the next issue of a newsletter. */
interface PushedRow {
  /** Id of the newsletter. */
  readonly _id: number;
  readonly account: number;
  readonly data: object;
  readonly pushed_at: Date;
  /** The issue that was made from it; null: it waits for one. */
  readonly used_by: string | null;
}

export type PushedData = ReturnType<typeof pushedData>;

export function pushedData({ db }: Store) {
  const rows = db.collection<PushedRow>('pushed_data');
  return {
    /** Replaces data that no issue has used yet. Atomic: one write. */
    put: async (account: number, newsletter: number, data: object): Promise<Date> => {
      const pushed_at = now();
      await rows.replaceOne(
        { _id: newsletter, account },
        { account, data, pushed_at, used_by: null },
        { upsert: true },
      );
      return pushed_at;
    },

    /**
     * Takes the data for one issue. A repetition for the same issue returns the same data until newer data is pushed.
     * Atomic: one write.
     */
    take: (account: number, newsletter: number, issue: string): Promise<PushedRow | null> =>
      rows.findOneAndUpdate(
        { _id: newsletter, account, used_by: { $in: [null, issue] } },
        { $set: { used_by: issue } },
        { returnDocument: 'after' },
      ),

    /** Releases the data of an issue that was not sent, for the next one. */
    release: async (account: number, newsletter: number, issue: string): Promise<void> => {
      await rows.updateOne({ _id: newsletter, account, used_by: issue }, { $set: { used_by: null } });
    },

    delete: async (account: number, newsletter: number): Promise<void> => {
      await rows.deleteOne({ _id: newsletter, account });
    },
  };
}
