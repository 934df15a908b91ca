import type { Collection, Document, Filter } from 'mongodb';
import type { HoldReason } from '../../domain/campaign/reasons.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import type { LaunchKey } from './progress.js';
import type { Campaign } from './row.js';

/** Why a campaign that is sending makes no progress. */
export interface Hold {
  readonly reason: HoldReason;
  /** Milliseconds until it is tried again; null: as soon as others leave room. */
  readonly ms: number | null;
  /** The last reply of the mail server, without addresses, or a sentence. */
  readonly detail: string | null;
}

export type CampaignHolds = ReturnType<typeof campaignHolds>;

/** The holds of campaigns that are sending: written where sending stops and where it goes on, not with each retry of a mail. */
export function campaignHolds(store: Store) {
  const rows: Collection<Campaign> = majorityCollection<Campaign>(store, 'campaigns');
  const sending = ({ account, campaign, launch }: LaunchKey): Filter<Campaign> => {
    return { _id: campaign, account, launch, state: 'sending' };
  };
  return {
    /**
     * Records a hold, or another try of the one that is recorded: its beginning stays, and the earliest next try counts. Null
     * where the campaign is not sending. Atomic: one update.
     */
    hold: (key: LaunchKey, hold: Hold): Promise<Campaign | null> =>
      rows.findOneAndUpdate(sending(key), [{ $set: holdFields(hold) }], { returnDocument: 'after' }),

    /** Ends the hold that began at `since`; false where it has ended already. Atomic: one conditional update. */
    release: async (key: LaunchKey, since: Date): Promise<boolean> => {
      const ended = { $set: { reason: null, held: null } };
      return (await rows.updateOne({ ...sending(key), 'held.since': since }, ended)).matchedCount === 1;
    },
  };
}

/** A reply is foreign text, which the pipeline must not read as an expression. */
function holdFields({ reason, ms, detail }: Hold): Document {
  const next = ms === null ? null : { $add: ['$$NOW', Math.ceil(ms)] };
  const isEarlier = { $and: [{ $gt: ['$held.next_try', '$$NOW'] }, { $lt: ['$held.next_try', next] }] };
  return {
    reason,
    held: {
      since: { $ifNull: ['$held.since', '$$NOW'] },
      at: '$$NOW',
      next_try: { $cond: [isEarlier, '$held.next_try', next] },
      detail: { $literal: detail },
    },
  };
}
