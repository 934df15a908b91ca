import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { CalendarFields } from '../../domain/newsletter/cron.js';
import type { Overlap } from '../../domain/newsletter/issue.js';
import type { FeedState, Source } from '../../domain/newsletter/source.js';
import type { CampaignSettings, Sender } from '../campaigns/row.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addOnce } from '../mongo/duplicate-key.js';
import { dueRows, firstSweepAt, moveSweep } from '../mongo/lease.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';

/** The times of a newsletter, and the limits for an issue that begins late. */
export interface NewsletterTimes {
  /** As given; `calendars` has its parsed form. */
  readonly cron: string | null;
  readonly calendars: readonly CalendarFields[];
  readonly zone: string;
  readonly start_at: Date | null;
  readonly end_at: Date | null;
  readonly skip: readonly string[];
  readonly jitter_seconds: number;
  readonly overlap: Overlap;
  /** How late an issue may still begin. */
  readonly catch_up_seconds: number;
  /** From the beginning of an issue to its sending; its source is tried during this time. */
  readonly lead_seconds: number;
}

/** Fields that all issues share. Subject, preheader and html are Liquid templates over the data of the source. */
interface NewsletterLetter {
  readonly subject: string | null;
  readonly preheader: string | null;
  readonly html: string | null;
  readonly template_id: number | null;
  readonly from: Sender | null;
  readonly reply_to: string | null;
  readonly settings: CampaignSettings;
}

/** The checks of an issue before it is sent. */
interface PreSendChecks {
  /** Null: no approval is needed. */
  readonly approval_hours: number | null;
  readonly on_expiry: 'send' | 'skip';
  readonly max_recipients: number | null;
  readonly min_gap_minutes: number | null;
  readonly test_to: readonly string[];
}

export interface NewsletterFields extends NewsletterTimes, NewsletterLetter, PreSendChecks {
  readonly name: string;
  readonly list_id: number;
  readonly source: Source;
}

export interface Newsletter extends NewsletterFields {
  readonly _id: number;
  readonly account: number;
  readonly state: 'active' | 'paused';
  /** Raised by every change; the note of its Schedule contains it. */
  readonly v: number;
  readonly memory: FeedState | null;
  /** The issue that was sent last, and its reserved time. */
  readonly last: (LastIssue & { readonly before?: LastIssue | null }) | null;
  /** The last request that began an issue, and the time of that issue. */
  readonly manual_start?: ManualStart;
  /** Every time of the calendar up to here has an issue, or needs none. */
  readonly accounted_until: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** When the sweep compares the row with its Schedule. */
  readonly sweep_at: Date;
  /** The Idempotency-Key's claim that created it: a repetition after a crash finds it. */
  readonly origin?: string;
}

interface ManualStart {
  readonly at: Date;
  readonly scheduled_at: Date;
}

interface LastIssue {
  readonly issue: string;
  readonly at: Date;
}

export type NewsletterChange = Partial<NewsletterFields & Pick<Newsletter, 'state'>>;

const MINUTE = 60_000;

export type Newsletters = ReturnType<typeof newsletters>;

export function newsletters(store: Store) {
  const rows = store.db.collection<Newsletter>('newsletters');
  return { ...editing(rows, counters(store)), ...sendTimes(rows), ...sweeping(rows) };
}

function editing(rows: Collection<Newsletter>, ids: ReturnType<typeof counters>) {
  return {
    find: (account: number, id: number): Promise<Owned<Newsletter>> => findOwned(rows, account, id),

    /** One page, the newest first, and how many there are in all. */
    page: async (account: number, list_id: number | undefined, skip: number, limit: number) => {
      const of: Filter<Newsletter> = { account, ...(list_id !== undefined && { list_id }) };
      const found = rows.find(of).sort({ _id: -1 }).skip(skip).limit(limit).toArray();
      return { found: await found, total: await rows.countDocuments(of) };
    },

    /** By id; newsletters of others are missing. */
    namesOf: async (account: number, ids: readonly number[]): Promise<ReadonlyMap<number, string>> => {
      const found = rows
        .find({ _id: { $in: [...ids] }, account })
        .project<Pick<Newsletter, '_id' | 'name'>>({ name: 1 });
      return new Map((await found.toArray()).map(({ _id, name }) => [_id, name]));
    },

    /** Active newsletters of these lists, at most `limit`. */
    activeOf: (account: number, lists: readonly number[], limit: number): Promise<Newsletter[]> =>
      rows
        .find({ account, list_id: { $in: [...lists] }, state: 'active' })
        .sort({ list_id: 1, _id: -1 })
        .limit(limit)
        .toArray(),

    anyWithTemplate: async (account: number, template_id: number): Promise<boolean> =>
      (await rows.countDocuments({ account, template_id }, { limit: 1 })) > 0,

    /** Adds a newsletter; the same `origin` finds the one it created before. Atomic: one insert. */
    create: async (account: number, fields: NewsletterFields, origin?: string): Promise<Newsletter> => {
      const at = now();
      const own = { state: 'active' as const, v: 1, memory: null, last: null, accounted_until: at };
      const times = { created_at: at, updated_at: at, sweep_at: firstSweepAt(at) };
      const row = {
        _id: await ids.block('newsletters'),
        account,
        ...fields,
        ...own,
        ...times,
        ...(origin && { origin }),
      };
      return addOnce(rows, row);
    },

    /**
     * Writes the next version; null if another request wrote one meanwhile. With other times, or after a pause, only later
     * times of the calendar count. Atomic: one update.
     */
    change: async ({ account, _id, v }: Newsletter, fields: NewsletterChange): Promise<Newsletter | null> => {
      const at = now();
      const anew = fields.calendars !== undefined || fields.state === 'active' ? { accounted_until: at } : {};
      const sweep_at = firstSweepAt(at);
      return rows.findOneAndUpdate(
        { _id, account, v },
        { $set: { ...fields, ...anew, v: v + 1, updated_at: at, sweep_at } },
        { returnDocument: 'after' },
      );
    },

    /** Atomic: one delete. The sweep deletes the Schedule that is left. */
    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

/** The previous reservation; a repetition for the same issue keeps it. */
function previousIssue(issue: string) {
  const other = { $cond: [{ $eq: ['$last.issue', issue] }, '$last.before', { issue: '$last.issue', at: '$last.at' }] };
  return { $cond: [{ $eq: [{ $ifNull: ['$last', null] }, null] }, null, other] };
}

function sendTimes(rows: Collection<Newsletter>) {
  return {
    /**
     * Reserves the time `at` for an issue; false if another was sent less than `gap` milliseconds before. Safe to repeat for
     * the same issue. Atomic: one conditional write, so that one of two concurrent issues is too soon.
     */
    reserveSendTime: async (account: number, id: number, issue: string, at: Date, gap: number): Promise<boolean> => {
      const far = {
        $or: [{ 'last.issue': issue }, { last: null }, { 'last.at': { $lte: new Date(at.getTime() - gap) } }],
      };
      const { matchedCount } = await rows.updateOne({ _id: id, account, ...far }, [
        { $set: { last: { issue, at, before: previousIssue(issue) } } },
      ]);
      return matchedCount === 1;
    },

    /**
     * The time of the issue that a request at `at` begins: its minute, or the time of the last request if that was less
     * than a minute ago. Atomic: one conditional write, so that a double click across a full minute begins one issue.
     */
    startManually: async (account: number, id: number, at: Date): Promise<Owned<Date>> => {
      const fresh = { at, scheduled_at: new Date(Math.floor(at.getTime() / MINUTE) * MINUTE) };
      const isRecent = { $gt: ['$manual_start.at', new Date(at.getTime() - MINUTE)] };
      const row = await rows.findOneAndUpdate(
        { _id: id, account },
        [{ $set: { manual_start: { $cond: [isRecent, '$manual_start', fresh] } } }],
        { returnDocument: 'after' },
      );
      return row?.manual_start?.scheduled_at ?? explainNoMatch(rows, account, id);
    },

    /** Restores the previous reservation of an issue that was not sent. Atomic: one conditional write. */
    releaseSendTime: async (account: number, id: number, issue: string): Promise<void> => {
      await rows.updateOne({ _id: id, account, 'last.issue': issue }, [
        { $set: { last: { $ifNull: ['$last.before', null] } } },
      ]);
    },

    /** Stores the state of the feed when an issue was made from it. */
    saveMemory: async (account: number, id: number, memory: FeedState): Promise<void> => {
      await rows.updateOne({ _id: id, account }, { $set: { memory } });
    },
  };
}

function sweeping(rows: Collection<Newsletter>) {
  return {
    /** Newsletters of all accounts whose check is due, the longest due first. */
    due: (before: Date): AsyncIterable<Newsletter> => dueRows(rows, before),

    /** Checks again at `at`; false if the row was changed meanwhile: the change has set its own time. */
    sweepAgain: ({ account, _id, v }: Newsletter, at: Date): Promise<boolean> =>
      moveSweep(rows, { _id, account, v }, at),

    /** Every time of the calendar up to `until` has its issue. */
    recordAccounted: async ({ account, _id, v }: Newsletter, until: Date): Promise<void> => {
      await rows.updateOne({ _id, account, v }, { $max: { accounted_until: until } });
    },

    /** Which of these newsletters exist, in any account: their Schedules are kept. */
    known: async (ids: readonly number[]): Promise<ReadonlySet<number>> =>
      new Set(
        (
          await rows
            .find({ _id: { $in: [...ids] } })
            .project<{ _id: number }>({ _id: 1 })
            .toArray()
        ).map(({ _id }) => _id),
      ),
  };
}
