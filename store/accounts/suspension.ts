import type { Collection, Filter } from 'mongodb';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import { type Campaign, campaigns } from '../campaigns/campaigns.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import type { Account } from './accounts.js';

/** Why a campaign of a suspended account stands still. */
export const SUSPENDED = 'account_suspended';

const RUNNING: readonly CampaignState[] = ['freezing', 'sending'];

export type Suspension = ReturnType<typeof suspension>;

/**
 * An account that may not send for a while. Its row says so first; its campaigns follow, by whoever comes: the caller, or
 * the sweep after a crash. What begins meanwhile is stopped at its freeze (`activities/campaign/audience.ts`).
 */
export function suspension(store: Store) {
  const accounts = store.db.collection<Account>('accounts');
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  return {
    /** From this write on its keys are refused. False where it is not there. Atomic: one update. */
    suspend: async (account: number): Promise<boolean> => {
      const open = { _id: account, state: { $ne: 'closed' as const } };
      return (await accounts.updateOne(open, { $set: { state: 'suspended' } })).matchedCount === 1;
    },

    /** The account may send again. False where it is not there. Atomic: one update. */
    resume: async (account: number): Promise<boolean> => {
      const open = { _id: account, state: { $ne: 'closed' as const } };
      return (await accounts.updateOne(open, { $unset: { state: '' } })).matchedCount === 1;
    },

    ...following(store, rows),

    /** Suspended accounts, for the sweep. */
    suspended: async (): Promise<number[]> => accounts.distinct('_id', { state: 'suspended' }),

    /** Accounts that have campaigns which stand still because of a suspension that may be over. */
    resumable: async (): Promise<number[]> => {
      const held = await rows.distinct('account', { state: 'paused', reason: SUSPENDED });
      return held.length === 0 ? [] : accounts.distinct('_id', { _id: { $in: held }, state: { $exists: false } });
    },
  };
}

function following(store: Store, rows: Collection<Campaign>) {
  const campaignControls = campaigns(store);
  /** Each row is a compare-and-set of its own; whoever was written meanwhile is looked at again. */
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
    /** Stops what is being sent; answers the campaigns whose workflows are to be told. Repeating it changes nothing. */
    pauseCampaigns: (account: number): Promise<Campaign[]> =>
      each({ account, state: { $in: RUNNING } }, (row) => campaignControls.pause(row, SUSPENDED)),

    /** Brings back what the suspension has stopped, and nothing else. Repeating it changes nothing. */
    resumeCampaigns: (account: number): Promise<Campaign[]> =>
      each({ account, state: 'paused', reason: SUSPENDED }, (row) => campaignControls.resume(row)),
  };
}
