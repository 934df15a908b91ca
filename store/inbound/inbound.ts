import { createHash } from 'node:crypto';
import { Binary, type ChangeStream } from 'mongodb';
import { now } from '../../clock.js';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { duplicatesIn, insertOnce } from '../mongo/duplicate-key.js';
import { dueRows, moveSweep } from '../mongo/lease.js';

/** A provider's report about one recipient, in our terms. */
export interface ProviderReport {
  readonly evidence: Evidence;
  readonly at: Date;
  /** The recipient, as the provider names it. */
  readonly email: string | null;
  /** Addresses that may contain our tokens; none is trusted before its MAC is verified. */
  readonly addresses: readonly string[];
  readonly messageIds: readonly string[];
}

/** A report with the id that the provider gave it. */
export interface IdentifiedReport extends ProviderReport {
  readonly id: string;
}

interface InboundBase {
  /** SHA-256 of content and recipient: a repeated report is the same row. */
  readonly _id: string;
  /** The account whose key or webhook delivered it; null for unauthenticated mail by SMTP. */
  readonly account: number | null;
  readonly received_at: Date;
  /** When the sweep processes it; null once it has a verdict. */
  readonly sweep_at: Date | null;
  readonly tries: number;
  /** No evidence came of it; operators can read its content until then. */
  readonly readable_until?: Date;
  /** The result in one word. */
  readonly verdict: string | null;
}

/** A raw mail as received, with its envelope recipients. */
export interface InboundMailRow extends InboundBase {
  readonly kind: 'mail';
  readonly to: readonly string[];
  readonly raw?: Binary;
}

export interface InboundReportRow extends InboundBase {
  readonly kind: 'report';
  readonly account: number;
  readonly provider: string;
  readonly report: ProviderReport;
}

/** A provider's request to confirm a webhook subscription; opening the URL confirms it. */
export interface InboundSubscriptionRow extends InboundBase {
  readonly kind: 'subscription';
  readonly account: number;
  readonly provider: string;
  readonly url: string;
}

export type InboundRow = InboundMailRow | InboundReportRow | InboundSubscriptionRow;

type Rows = ReturnType<typeof majorityCollection<InboundRow>>;

/** Fields that may hold addresses. */
const CONTENT_FIELDS = { raw: '', report: '', url: '' };

export type Inbound = ReturnType<typeof inbound>;

/** Inbound mail and reports. Each is stored before it is acknowledged; the content of processed ones is deleted. */
export function inbound(store: Store) {
  const rows = majorityCollection<InboundRow>(store, 'inbound');
  return { ...receiving(rows), ...processing(rows), watch: watching(store) };
}

/**
 * Calls `added` for each row that any process adds; the caller closes the stream. The ledger's client would cut its
 * long waits short.
 */
function watching({ db }: Store) {
  return (added: () => void): ChangeStream => {
    const only = [{ $match: { operationType: 'insert' } }, { $project: { operationType: 1 } }];
    const stream = db.collection('inbound').watch(only);
    stream.on('change', added);
    return stream;
  };
}

function receiving(rows: Rows) {
  const save = (row: InboundRow) => insertOnce(rows, row);
  const fresh = (account: number | null, ...content: readonly (string | Buffer)[]) => {
    const digest = createHash('sha256').update(`${account}\n`);
    for (const part of content) digest.update(part).update('\n');
    const at = now();
    return { _id: digest.digest('base64url'), account, received_at: at, sweep_at: at, tries: 0, verdict: null };
  };

  return {
    /** Stores a raw mail. Atomic: one insert, acknowledged by a majority; a repeated mail changes nothing. */
    saveMail: async (account: number | null, raw: Buffer, to: readonly string[]): Promise<string> => {
      const row: InboundMailRow = { ...fresh(account, ...to, raw), kind: 'mail', to, raw: new Binary(raw) };
      await save(row);
      return row._id;
    },

    /** Stores the reports of a provider's verified webhook, one row for each id; known rows stay. Atomic per row. */
    saveReports: async (account: number, provider: string, reports: readonly IdentifiedReport[]): Promise<void> => {
      if (reports.length === 0) return;
      const received = reports.map(({ id, ...report }): InboundReportRow => {
        return { ...fresh(account, provider, id), account, kind: 'report', provider, report };
      });
      try {
        await rows.insertMany(received, { ordered: false });
      } catch (error) {
        duplicatesIn(error);
      }
    },

    /** Stores a provider's request to confirm a subscription. Atomic: one insert. */
    saveSubscription: async (account: number, provider: string, id: string, url: string): Promise<void> => {
      await save({ ...fresh(account, provider, id), account, kind: 'subscription', provider, url });
    },
  };
}

function processing(rows: Rows) {
  return {
    /** Due rows of all accounts, the longest due first. */
    due: (before: Date, limit: number): Promise<InboundRow[]> => dueRows(rows, before).limit(limit).toArray(),

    /** Claims a row until then; false if another process has it. Atomic: one conditional update. */
    claim: ({ _id, sweep_at }: InboundRow, until: Date): Promise<boolean> => moveSweep(rows, { _id, sweep_at }, until),

    /**
     * Stores the verdict; the first one stays. The content is kept until `readable`, if an operator may want to read
     * it. Atomic: one conditional update.
     */
    done: async ({ _id }: InboundRow, verdict: string, readable?: Date): Promise<void> => {
      const dropped = readable === undefined ? { $unset: CONTENT_FIELDS } : {};
      const $set = { verdict, sweep_at: null, ...(readable && { readable_until: readable }) };
      await rows.updateOne({ _id, verdict: null }, { $set, ...dropped } as never);
    },

    /** Deletes content whose time for operators is over; the rows stay. Repeatable. */
    deleteContent: async (before: Date): Promise<void> => {
      const $unset = { ...CONTENT_FIELDS, readable_until: '' };
      await rows.updateMany({ readable_until: { $lte: before } }, { $unset } as never);
    },

    /**
     * Schedules the next try; a verdict that another process has stored meanwhile stays. Atomic: one conditional
     * update.
     */
    retryLater: async ({ _id }: InboundRow, at: Date): Promise<void> => {
      await rows.updateOne({ _id, verdict: null }, { $set: { sweep_at: at }, $inc: { tries: 1 } });
    },

    find: (_id: string): Promise<InboundRow | null> => rows.findOne({ _id }),
  };
}
