import type { Document, Filter } from 'mongodb';
import { type LedgerPage, RESTORED_ENTRY } from '../../domain/campaign/ledger-page.js';
import type { Campaign } from '../campaigns/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { NEVER_SEEN } from '../mongo/lease.js';

type LaunchRef = Pick<Campaign, '_id' | 'account' | 'launch'>;

/** Campaigns of a restored database, and those of their recipients who may have been mailed since the backup. */
export function campaignDoubt(store: Store) {
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return {
    /**
     * Campaigns of all accounts that may have been sent since the backup and would be sent without a new request: launched and
     * scheduled ones, those under approval, and drafts that are launched once they are written.
     */
    mayHaveSent: (): Promise<Campaign[]> => {
      const begun: Filter<Campaign>[] = [
        // A scheduled one may have been sent before its time since, or cancelled.
        { state: { $in: ['awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'] } },
        { state: 'drafting', 'drafting.send': true },
      ];
      return rows.find({ $or: begun }).sort({ _id: 1 }).toArray();
    },

    /** The number of recipients who may have been mailed since the backup: pending, in flight or deferred. */
    count: async (campaign: LaunchRef): Promise<number> => {
      const [found] = await pages
        .aggregate<{ n: number }>([
          { $match: doubtfulPages(campaign) },
          { $project: { n: { $add: [UNSETTLED, { $size: WAITING_ENTRIES }] } } },
          { $group: { _id: null, n: { $sum: '$n' } } },
        ])
        .toArray();
      return found?.n ?? 0;
    },

    /** The number of recipients whom a restore has made uncertain, and whom no evidence has settled. */
    recorded: async ({ account, _id: campaign, launch }: LaunchRef): Promise<number> => {
      const isDoubtful = { $and: [{ $eq: ['$$entry.class', 'restored'] }, { $eq: ['$$entry.kind', 'uncertain'] }] };
      const entries = { $filter: { input: '$exceptions', as: 'entry', cond: isDoubtful } };
      const sum = { $group: { _id: null, n: { $sum: { $size: entries } } } };
      const [found] = await pages.aggregate<{ n: number }>([{ $match: { account, campaign, launch } }, sum]).toArray();
      return found?.n ?? 0;
    },

    /**
     * Makes them uncertain, by name, and takes the pages from their owners. Atomic for each page; a repetition finds none.
     */
    record: async (campaign: LaunchRef): Promise<void> => {
      await pages.updateMany(doubtfulPages(campaign), [{ $set: DOUBT }]);
    },
  };
}

/** Pages that are not done, and those with recipients who wait for a round that the lost database may have sent. */
function doubtfulPages({ account, _id: campaign, launch }: LaunchRef): Filter<LedgerPage> {
  const isOpen = { done: false, $or: [{ token: { $ne: null } }, { $expr: { $lt: ['$settled', '$n'] } }] };
  const waits = { exceptions: { $elemMatch: { kind: 'deferred' as const, next: null } } };
  return { account, campaign, launch, $or: [isOpen, waits] };
}

const isWaiting = (entry: string) => ({
  $and: [{ $eq: [`${entry}.kind`, 'deferred'] }, { $eq: [`${entry}.next`, null] }],
});
const WAITING_ENTRIES: Document = { $filter: { input: '$exceptions', as: 'entry', cond: isWaiting('$$entry') } };
const UNSETTLED: Document = { $cond: ['$done', 0, { $subtract: ['$n', '$settled'] }] };

/** The pipelines name fields only: a stored reply is never read as an expression. */
const CHANGED_ENTRIES: Document = {
  $map: {
    input: { $range: [0, { $size: '$exceptions' }] },
    as: 'k',
    in: {
      $let: {
        vars: { entry: { $arrayElemAt: ['$exceptions', '$$k'] } },
        in: {
          $cond: [
            isWaiting('$$entry'),
            {
              $mergeObjects: [
                { $unsetField: { field: 'rule', input: '$$entry' } },
                { ...RESTORED_ENTRY, at: '$$NOW' },
                // Its event says `deferred`; one that is not published yet will say `uncertain`.
                { $cond: [{ $lt: ['$$k', '$published'] }, { unpublished: true }, {}] },
              ],
            },
            '$$entry',
          ],
        },
      },
    },
  },
};

const UNSETTLED_ENTRIES: Document = {
  $map: {
    input: { $cond: ['$done', [], { $range: ['$settled', '$n'] }] },
    as: 'i',
    in: { i: '$$i', ...RESTORED_ENTRY, at: '$$NOW' },
  },
};

const DOUBT: Document = {
  exceptions: { $concatArrays: [CHANGED_ENTRIES, UNSETTLED_ENTRIES] },
  settled: { $cond: ['$done', '$settled', '$n'] },
  claimed: { $cond: ['$done', '$claimed', '$n'] },
  token: null,
  seen: { $cond: ['$done', '$seen', NEVER_SEEN] },
};
