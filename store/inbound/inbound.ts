import { createHash } from 'node:crypto';
import { Binary, type ChangeStream } from 'mongodb';
import { now } from '../../clock.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { duplicatesIn, insertOnce } from '../mongo/duplicate-key.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { readableMail } from './readable.js';
import type { IdentifiedReport, InboundMailRow, InboundReportRow, InboundRow } from './row.js';

type Rows = ReturnType<typeof majorityCollection<InboundRow>>;

/** Fields that may hold addresses. */
const CONTENT_FIELDS = { raw: '', report: '', url: '' };

export type Inbound = ReturnType<typeof inbound>;

/** Inbound mail and reports. Each is stored before it is acknowledged; the content of processed ones is deleted. */
export function inbound(store: Store) {
  const rows = majorityCollection<InboundRow>(store, 'inbound');
  return { ...receiving(rows), ...processing(rows), ...readableMail(rows), watch: watching(store) };
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

interface Finished {
  readonly account?: number | undefined;
  readonly readable?: Date | undefined;
}

function processing(rows: Rows) {
  return {
    /** Due rows of all accounts, the longest due first. */
    due: (before: Date, limit: number): Promise<InboundRow[]> => dueRows(rows, before).limit(limit).toArray(),

    /** Claims a row until then; false if another process has it. Atomic: one conditional update. */
    claim: ({ _id, sweep_at }: InboundRow, until: Date): Promise<boolean> => moveSweep(rows, { _id, sweep_at }, until),

    /**
     * Stores the verdict and the account it concerns; the first verdict stays. The content is kept until `readable`, if
     * an operator may want to read it. Atomic: one conditional update.
     */
    done: async ({ _id, account }: InboundRow, verdict: string, result: Finished = {}): Promise<void> => {
      const { readable } = result;
      const dropped = readable === undefined ? { $unset: CONTENT_FIELDS } : {};
      const $set = {
        verdict,
        sweep_at: null,
        account: account ?? result.account ?? null,
        ...(readable && { readable_until: readable }),
      };
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
