import type { Collection } from 'mongodb';
import type { Subscriber } from './row.js';

/** Reads one person by the identity of the address. */
export function personReading(rows: Collection<Subscriber>) {
  return {
    /** One person's rows, one for each list. */
    onEveryList: (account: number, emailKey: string): Promise<Subscriber[]> =>
      rows.find({ account, email_key: emailKey }).sort({ list_id: 1 }).toArray(),

    /** The same for some lists, all if undefined; at most `limit` rows. */
    onLists: (
      account: number,
      emailKey: string,
      lists: readonly number[] | undefined,
      limit: number,
    ): Promise<Subscriber[]> =>
      rows
        .find({ account, email_key: emailKey, ...(lists && { list_id: { $in: [...lists] } }) })
        .sort({ list_id: 1 })
        .limit(limit)
        .toArray(),

    onList: (account: number, list: number, emailKey: string): Promise<Subscriber | null> =>
      rows.findOne({ list_id: list, email_key: emailKey, account }),
  };
}
