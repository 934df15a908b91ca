import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import type { RecentProgress } from '../../domain/campaign/speed.js';
import type { RoundKey } from '../campaigns/ledger.js';
import { majorityCollection, type Store } from '../mongo/connect.js';

/** Pages that were worked on within so many milliseconds show the speed. */
const RECENT_MS = 60_000;

/** For the display: how fast the pages of a round are sent. Decides nothing about mail. */
export function campaignSpeed(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return {
    /** By the clock of the server; null: no page was worked on in the last minute. */
    recent: async (key: RoundKey): Promise<RecentProgress | null> => {
      const isRecent = { $gt: ['$seen', { $subtract: ['$$NOW', RECENT_MS] }] };
      const sums = {
        mails: { $sum: { $subtract: ['$settled', '$taken.settled'] } },
        from: { $min: '$taken.at' },
        in_flight: { $sum: { $subtract: ['$claimed', '$settled'] } },
      };
      const [found] = await pages
        .aggregate<RecentProgress>([
          { $match: { ...key, taken: { $exists: true }, $expr: isRecent } },
          { $group: { _id: null, ...sums } },
          { $project: { _id: 0, mails: 1, in_flight: 1, ms: { $subtract: ['$$NOW', '$from'] } } },
        ])
        .toArray();
      return found ?? null;
    },
  };
}
