import { createHash } from 'node:crypto';
import { Binary, type ChangeStream } from 'mongodb';
import { now } from '../../clock.js';
import type { Evidence } from '../../domain/delivery/evidence.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { duplicatesIn, insertOnce } from '../mongo/duplicate-key.js';
import { dueRows, moveSweep } from '../mongo/lease.js';

/** What a provider's webhook told of one recipient, in our words. */
export interface ProviderReport {
  readonly evidence: Evidence;
  readonly at: Date;
  /** Whom the mail was for, as the provider has it. */
  readonly email: string | null;
  /** Where our own marks may stand; nothing of it is believed before its MAC is. */
  readonly addresses: readonly string[];
  readonly messageIds: readonly string[];
}

/** A report with the provider's own id for it. */
export interface IdentifiedReport extends ProviderReport {
  readonly id: string;
}

interface InboundBase {
  /** SHA-256 of what came in and for whom: the same report twice is one row. */
  readonly _id: string;
  /** Whose key or webhook it came through; null: from anybody, by SMTP. */
  readonly account: number | null;
  readonly received_at: Date;
  /** When it is looked at; null: it was understood, or nobody could. */
  readonly sweep_at: Date | null;
  readonly tries: number;
  /** Nobody could act on it, and until then somebody may read it. */
  readonly readable_until?: Date;
  /** In one word what became of it. */
  readonly verdict: string | null;
}

/** A raw mail as it came, with the addresses of its envelope. */
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

/** A provider asks whether we want its reports: whoever opens the URL says yes. */
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

/** The intake: whatever comes in is a row before anybody is told that we have it. Bodies of understood mails are dropped. */
export function inbound(store: Store) {
  const rows = majorityCollection<InboundRow>(store, 'inbound');
  return { ...receiving(rows), ...processing(rows), watch: watching(store) };
}

/** Hears of each row as it is added, by whichever process. The caller closes it. The ledger's client would cut its long waits short. */
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
    /** Keeps a raw mail. Atomic: one insert, on the journal of a majority; the same mail once more changes nothing. */
    saveMail: async (account: number | null, raw: Buffer, to: readonly string[]): Promise<string> => {
      const row: InboundMailRow = { ...fresh(account, ...to, raw), kind: 'mail', to, raw: new Binary(raw) };
      await save(row);
      return row._id;
    },

    /** Keeps what a provider's verified webhook said, a row for each of its ids; known ones stay. Atomic per row. */
    saveReports: async (account: number, provider: string, reports: readonly IdentifiedReport[]): Promise<void> => {
      if (reports.length === 0) return;
      const kept = reports.map(({ id, ...report }): InboundReportRow => {
        return { ...fresh(account, provider, id), account, kind: 'report', provider, report };
      });
      try {
        await rows.insertMany(kept, { ordered: false });
      } catch (error) {
        duplicatesIn(error);
      }
    },

    /** Keeps the question of a provider. Atomic: one insert. */
    saveSubscription: async (account: number, provider: string, id: string, url: string): Promise<void> => {
      await save({ ...fresh(account, provider, id), account, kind: 'subscription', provider, url });
    },
  };
}

function processing(rows: Rows) {
  return {
    /** Rows of every account that are due, the longest due first. */
    due: (before: Date, limit: number): Promise<InboundRow[]> => dueRows(rows, before).limit(limit).toArray(),

    /** Makes it one's own until then; false where somebody else has it. Atomic: one conditional update. */
    claim: ({ _id, sweep_at }: InboundRow, until: Date): Promise<boolean> => moveSweep(rows, { _id, sweep_at }, until),

    /**
     * It is done; what it said is kept until `readable`, where a person may want to read it. The first verdict stays.
     * Atomic: one conditional update.
     */
    done: async ({ _id }: InboundRow, verdict: string, readable?: Date): Promise<void> => {
      const dropped = readable === undefined ? { $unset: CONTENT_FIELDS } : {};
      const $set = { verdict, sweep_at: null, ...(readable && { readable_until: readable }) };
      await rows.updateOne({ _id, verdict: null }, { $set, ...dropped } as never);
    },

    /** Forgets what reports said that nobody has read in time; that they came in is kept. Repeatable. */
    deleteContent: async (before: Date): Promise<void> => {
      const $unset = { ...CONTENT_FIELDS, readable_until: '' };
      await rows.updateMany({ readable_until: { $lte: before } }, { $unset } as never);
    },

    /** It did not work this time; where somebody else has done it meanwhile that stays. Atomic: one conditional update. */
    retryLater: async ({ _id }: InboundRow, at: Date): Promise<void> => {
      await rows.updateOne({ _id, verdict: null }, { $set: { sweep_at: at }, $inc: { tries: 1 } });
    },

    find: (_id: string): Promise<InboundRow | null> => rows.findOne({ _id }),
  };
}
