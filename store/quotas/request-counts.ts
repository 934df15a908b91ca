import type { Store } from '../mongo/connect.js';
import { idOf } from './months.js';

/** Requests of an account in a month, over all processes of the API. */
interface RequestCount {
  /** `<account>:<month>` */
  readonly _id: string;
  readonly n: number;
}

export type RequestCounts = ReturnType<typeof requestCounts>;

/** Written a few times a minute by each process, not per request: a crash loses the counts of about a second. */
export function requestCounts(store: Store) {
  const rows = store.db.collection<RequestCount>('request_counts');
  return {
    /** Adds the count of this process and returns the total. Atomic: one `$inc`. */
    add: async (account: number, month: string, n: number): Promise<number> => {
      const change = { $inc: { n } };
      const options = { upsert: true, returnDocument: 'after' } as const;
      const row = await rows.findOneAndUpdate({ _id: idOf(account, month) }, change, options);
      return row?.n ?? n;
    },
  };
}

export async function requestsOf(store: Store, accounts: readonly number[], month: string): Promise<number> {
  const rows = store.db.collection<RequestCount>('request_counts');
  const found = await rows.find({ _id: { $in: accounts.map((account) => idOf(account, month)) } }).toArray();
  return found.reduce((sum, { n }) => sum + n, 0);
}
