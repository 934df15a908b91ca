import type { Document } from 'mongodb';
import type { CampaignState } from '../../domain/campaign/campaign.js';
import type { MessageState } from '../../domain/message/message.js';
import type { WaitingCampaign } from '../../domain/waiting/campaign-waiting.js';
import type { Campaign } from '../campaigns/row.js';
import type { Message } from '../messages/row.js';
import type { Store } from '../mongo/connect.js';
import { leaseExpired } from '../mongo/lease.js';
import type { Issue } from '../newsletters/issues.js';

/** Campaigns that may wait for something. */
const OPEN_CAMPAIGNS: readonly CampaignState[] = ['awaiting_approval', 'scheduled', 'freezing', 'sending', 'paused'];
const OPEN_MESSAGES: readonly MessageState[] = ['accepted', 'deferred', 'sending'];
/** As `domain/waiting` counts it: what is due for longer is late; milliseconds. */
const LATE_AFTER = 10_000;

export type OpenCampaign = WaitingCampaign & Pick<Campaign, '_id' | 'account' | 'launch'>;

/** Messages of an account that wait in the same way. */
export interface MessageGroup {
  readonly account: number;
  readonly count: number;
  /** The one that is due first. */
  readonly first: string;
}

/** What is not over, of one account or of all of them. `lease` in milliseconds. */
export function backlog({ db }: Pick<Store, 'db'>, lease: number) {
  const of = (account: number | undefined) => (account === undefined ? {} : { account });
  return {
    /** Campaigns that may wait, without their letters. */
    campaigns: (account?: number): Promise<OpenCampaign[]> =>
      db
        .collection<Campaign>('campaigns')
        .find({ ...of(account), state: { $in: [...OPEN_CAMPAIGNS] } })
        .project<OpenCampaign>(CAMPAIGN_FIELDS)
        .toArray(),

    /** Issues that have no campaign yet, or none that is launched. */
    issues: (account?: number): Promise<Issue[]> =>
      db
        .collection<Issue>('issues')
        .find({ ...of(account), state: 'preparing', sweep_at: { $type: 'date' } })
        .toArray(),

    /** Groups of messages: a backlog may have a million. Those that a worker is sending are missing. */
    messages: (account?: number): Promise<MessageGroup[]> => {
      const open = { ...of(account), state: { $in: [...OPEN_MESSAGES] }, sweep_at: { $type: 'date' as const } };
      const group = { _id: { account: '$account', way: wayOfWaiting(lease) }, count: { $sum: 1 }, first: FIRST_DUE };
      return db
        .collection<Message>('messages')
        .aggregate<MessageGroup>([
          { $match: open },
          { $group: group },
          { $match: { '_id.way': { $ne: 'being_sent' } } },
          { $project: { _id: 0, account: '$_id.account', count: 1, first: '$first.id' } },
        ])
        .toArray();
    },
  };
}

const CAMPAIGN_FIELDS = {
  ...{ account: 1, launch: 1, state: 1, reason: 1, held: 1, approval: 1, scheduled_at: 1 },
  ...{ want: 1, round: 1, rounds: 1, updated_at: 1 },
} as const;

/** Documents compare field by field. */
const FIRST_DUE = { $min: { due: '$due', id: '$_id' } };

/** Messages with the same value wait for the same thing, for one account. */
function wayOfWaiting(lease: number): Document {
  const sending = { $cond: [leaseExpired(lease / 2), 'silent', 'being_sent'] };
  const toCome = { $cond: [{ $eq: ['$attempt', 0] }, 'scheduled', 'retry'] };
  const due = { $cond: [{ $gt: ['$due', { $subtract: ['$$NOW', LATE_AFTER] }] }, 'due', 'late'] };
  const waiting = { $cond: [{ $gt: ['$due', '$$NOW'] }, toCome, due] };
  return { $cond: [{ $eq: ['$state', 'sending'] }, sending, waiting] };
}
