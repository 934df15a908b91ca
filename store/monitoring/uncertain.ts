import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { Message } from '../messages/row.js';
import type { Store } from '../mongo/connect.js';

/** Mails that may have arrived, or not. */
export interface UncertainCount {
  /** The campaign, or the account of messages. */
  readonly of: number;
  readonly count: number;
  /** When the first of them became uncertain. */
  readonly since: Date;
}

/** How much of it is asked for: of one account or of all, and only what became uncertain after a time. */
export interface UncertainScope {
  readonly account?: number;
  readonly after?: Date;
  readonly limit: number;
}

/** Uncertain mails as they stand: evidence or a retry that settles one takes it out of the counts. */
export function uncertainMail({ db }: Pick<Store, 'db'>) {
  return {
    /** By campaign, the last to become uncertain first. By the index of uncertain recipients, which are few. */
    recipients: ({ account, after, limit }: UncertainScope): Promise<UncertainCount[]> => {
      const pages = { 'exceptions.kind': 'uncertain' as const, ...(account !== undefined && { account }) };
      const open = {
        ...{ 'exceptions.kind': 'uncertain' as const, 'exceptions.next': null },
        ...(after !== undefined && { 'exceptions.at': { $gt: after } }),
      };
      return db
        .collection<LedgerPage>('ledger')
        .aggregate<UncertainCount>(
          [
            { $match: pages },
            { $unwind: '$exceptions' },
            { $match: open },
            { $group: { _id: '$campaign', count: { $sum: 1 }, since: { $min: '$exceptions.at' } } },
            ...asCounts(limit),
          ],
          { hint: { campaign: 1, 'exceptions.kind': 1 } },
        )
        .toArray();
    },

    /** By account. */
    messages: async ({ account, after, limit }: UncertainScope): Promise<UncertainCount[]> => {
      const accounts = account === undefined ? await db.collection<{ _id: number }>('accounts').distinct('_id') : [];
      const of = { account: account ?? { $in: accounts }, state: 'uncertain' as const };
      return db
        .collection<Message>('messages')
        .aggregate<UncertainCount>([
          { $match: { ...of, ...(after !== undefined && { _id: { $gte: firstIdAt(after) } }) } },
          { $group: { _id: '$account', count: { $sum: 1 }, since: { $min: '$updated_at' } } },
          ...asCounts(limit),
        ])
        .toArray();
    },
  };
}

function asCounts(limit: number) {
  return [{ $sort: { since: -1 } }, { $limit: limit }, { $set: { of: '$_id' } }, { $unset: '_id' }];
}

/** Ids begin with the time (UUID v7), so that the index by state finds the recent ones. */
function firstIdAt(time: Date): string {
  const digits = time.getTime().toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
