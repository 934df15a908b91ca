import type { Collection, Filter } from 'mongodb';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import { campaigns } from '../campaigns/campaigns.js';
import type { Campaign } from '../campaigns/row.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import type { Account } from './accounts.js';

/** Reason of campaigns that a suspension paused. */
export const SUSPENDED = 'account_suspended';

const RUNNING: readonly CampaignState[] = ['freezing', 'sending'];

export type Suspension = ReturnType<typeof suspension>;

/**
 * Suspends and resumes accounts. The row of the account changes first; its campaigns follow, through the caller or through the
 * sweep after a crash. Campaigns that start meanwhile stop at their freeze (`activities/campaign/freeze/round-check.ts`).
 */
export function suspension(store: Store) {
  const accounts = store.db.collection<Account>('accounts');
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  return {
    /** Refuses the account's keys from this write on. False where the account does not exist. Atomic: one update. */
    suspend: async (account: number): Promise<boolean> => {
      const open = { _id: account, state: { $ne: 'closed' as const } };
      return (await accounts.updateOne(open, { $set: { state: 'suspended' } })).matchedCount === 1;
    },

    /** Lets the account send again. False where it does not exist. Atomic: one update. */
    resume: async (account: number): Promise<boolean> => {
      const open = { _id: account, state: { $ne: 'closed' as const } };
      return (await accounts.updateOne(open, { $unset: { state: '' } })).matchedCount === 1;
    },

    ...following(store, rows),

    /** Suspended accounts, for the sweep. */
    suspended: async (): Promise<number[]> => accounts.distinct('_id', { state: 'suspended' }),

    /** Active accounts that still have campaigns paused by a suspension. */
    resumable: async (): Promise<number[]> => {
      const held = await rows.distinct('account', { state: 'paused', reason: SUSPENDED });
      return held.length === 0 ? [] : accounts.distinct('_id', { _id: { $in: held }, state: { $exists: false } });
    },
  };
}

function following(store: Store, rows: Collection<Campaign>) {
  const campaignControls = campaigns(store);
  /** Compares and sets each row on its own; a row that was written meanwhile is read again. */
  const each = async (
    filter: Filter<Campaign>,
    change: (row: Campaign) => Promise<Campaign | null>,
  ): Promise<Campaign[]> => {
    const changed: Campaign[] = [];
    for (;;) {
      const row = await rows.findOne(filter);
      if (row === null) return changed;
      const after = await change(row);
      if (after !== null) changed.push(after);
    }
  };
  return {
    /** Pauses the campaigns that are sending; returns those whose workflows must be signalled. Idempotent. */
    pauseCampaigns: (account: number): Promise<Campaign[]> =>
      each({ account, state: { $in: RUNNING } }, (row) => campaignControls.pause(row, SUSPENDED)),

    /** Resumes exactly the campaigns that the suspension paused. Idempotent. */
    resumeCampaigns: (account: number): Promise<Campaign[]> =>
      each({ account, state: 'paused', reason: SUSPENDED }, (row) => campaignControls.resume(row)),
  };
}
