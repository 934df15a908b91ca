import { monthOf } from '../../domain/account/plan.js';
import type { Store } from '../mongo/connect.js';
import { countRows } from './capacity.js';
import { unreservedMails } from './months.js';
import { requestsOf } from './request-counts.js';
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
