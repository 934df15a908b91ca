import { dayOf } from '../../domain/delivery/soft-bounces.js';
import type { Store } from '../mongo/connect.js';
import { suppressionId } from './suppressions.js';

/** The first time on one day that something was said against an address. Holds a hash of it, nothing else of the person. */
export interface SoftBounce {
  /** `<hash of account and address>:<class>:<day>`: retries of one day are one row. */
  readonly _id: string;
  readonly account: number;
  readonly at: Date;
}

export type SoftBounces = ReturnType<typeof softBounces>;

export function softBounces({ db }: Store) {
  const rows = db.collection<SoftBounce>('soft_bounces');
  return {
    /** Holds it against the address and answers every time that is remembered. Atomic: one upsert; the first of a day stays. */
    record: async (account: number, emailKey: string, reason: string, at: Date): Promise<Date[]> => {
      const about = `${suppressionId(account, emailKey)}:${reason}:`;
      await rows.updateOne({ _id: `${about}${dayOf(at)}` }, { $setOnInsert: { account, at } }, { upsert: true });
      const known = await rows.find({ _id: { $gte: about, $lt: `${about}~` }, account }).toArray();
      return known.map((row) => row.at);
    },
  };
}
