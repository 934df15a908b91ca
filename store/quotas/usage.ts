import { monthOf } from '../../domain/account/plan.js';
import type { Store } from '../mongo/connect.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { countRows } from './capacity.js';
import { idOf, unreservedMails } from './months.js';
import type { Meter, Metered, UsageRow } from './rows.js';

/** The usage of a month, and the current number of resources. */
export interface Usage extends Readonly<Record<Metered, Meter>> {
  readonly requests: number;
  readonly subscribers: number;
  readonly campaigns: number;
  readonly senders: number;
  readonly clients: number;
}

export type UsageReading = ReturnType<typeof usageReading>;

export function usageReading(store: Store) {
  const months = store.db.collection<UsageRow>('usage');
  const meters = async (accounts: readonly number[], month: string): Promise<Record<Metered, Meter>> => {
    const [rows, unheld] = await Promise.all([
      months.find({ account: { $in: [...accounts] }, month }).toArray(),
      unreservedMails(store.db, accounts, month),
    ]);
    const sum = (kind: Metered, of: keyof Meter) => rows.reduce((total, row) => total + row[kind][of], 0);
    const meterOf = (kind: Metered): Meter => ({ used: sum(kind, 'used'), reserved: sum(kind, 'reserved') });
    const { used, reserved } = meterOf('emails');
    const emails = { used: used + unheld.used, reserved: reserved + unheld.reserved };
    return { emails, ai_drafts: meterOf('ai_drafts') };
  };
  return {
    /** The monthly quotas only: a small read, and a count of messages by an index. */
    meters: (account: number, at: Date): Promise<Record<Metered, Meter>> => meters([account], monthOf(at)),

    /** Of one account, or of several together. */
    of: async (accounts: readonly number[], month: string): Promise<Usage> => {
      const [metered, requests, subscribers, campaigns, senders, clients] = await Promise.all([
        meters(accounts, month),
        requestsOf(store, accounts, month),
        countRows(store.db, 'subscribers', accounts),
        countRows(store.db, 'campaigns', accounts),
        countRows(store.db, 'senders', accounts),
        countRows(store.db, 'clients', accounts),
      ]);
      return { ...metered, requests, subscribers, campaigns, senders, clients };
    },
  };
}

/** Requests of an account in a month, over all processes of the API. */
interface RequestCount {
  /** `<account>:<month>` */
  readonly _id: string;
  readonly n: number;
}

export type RequestCounts = ReturnType<typeof requestCounts>;

/** Accounts without a limit are written once a second by each process: a crash loses the counts of about a second. */
export function requestCounts(store: Store) {
  const rows = store.db.collection<RequestCount>('request_counts');
  return {
    /** Adds the count of this process. Atomic: one `$inc`. */
    add: async (account: number, month: string, n: number): Promise<void> => {
      await rows.updateOne({ _id: idOf(account, month) }, { $inc: { n } }, { upsert: true });
    },

    /** Counts one request, unless the month has as many as the plan allows. Atomic: one conditional `$inc`, or one insert. */
    take: async (account: number, month: string, most: number): Promise<boolean> => {
      const _id = idOf(account, month);
      const counted = async () =>
        (await rows.updateOne({ _id, n: { $lt: most } }, { $inc: { n: 1 } })).matchedCount === 1;
      if (most < 1) return false;
      if (await counted()) return true;
      try {
        await rows.insertOne({ _id, n: 1 });
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // The month has as many, or another request has just inserted the row.
        return counted();
      }
    },
  };
}

async function requestsOf(store: Store, accounts: readonly number[], month: string): Promise<number> {
  const rows = store.db.collection<RequestCount>('request_counts');
  const found = await rows.find({ _id: { $in: accounts.map((account) => idOf(account, month)) } }).toArray();
  return found.reduce((sum, { n }) => sum + n, 0);
}
