import type { AggregateOptions, Collection, Document, Filter } from 'mongodb';
import { CAMPAIGN_STATES, type CampaignState, type CampaignStatus, statesOf } from '../../domain/campaign/campaign.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { WHOLE_DOCUMENT } from '../../domain/html.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { findOwned, type Owned } from '../mongo/ownership.js';
import type { Campaign } from './row.js';

export interface CampaignSearch {
  readonly status?: CampaignStatus | undefined;
  readonly state?: CampaignState | undefined;
  readonly list_id?: number | undefined;
}

/** A campaign without its letter: bodies have up to two million characters, and a page up to a hundred campaigns. */
export type CampaignSummary = Omit<Campaign, 'html' | 'text'> & { readonly is_document: boolean };

const UNDER_WAY: CampaignState[] = ['scheduled', 'freezing', 'sending', 'paused'];
const OVER: readonly CampaignState[] = ['sent', 'failed', 'cancelled'];

/** Campaign rows as the API shows them. */
export function campaignReading(store: Store) {
  const rows = majorityCollection<Campaign>(store, 'campaigns');
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return {
    /** The row, or whether it is another's. */
    owned: (account: number, id: number): Promise<Owned<Campaign>> => findOwned(rows, account, id),

    /** By id; campaigns of others are missing. */
    subjectsOf: (account: number, ids: readonly number[]) => subjectsOf(rows, account, ids),

    /** Whether a campaign that is not over names this template. */
    anyOpenWithTemplate: async (account: number, template_id: number): Promise<boolean> => {
      const waiting = { account, template_id, state: { $nin: [...OVER] } };
      return (await rows.countDocuments(waiting, { limit: 1 })) > 0;
    },

    /** The row of a signed link. The signature authorizes the read, so it takes no account. */
    ofLink: (id: number): Promise<Campaign | null> => rows.findOne({ _id: id }),

    /** Number of live campaigns of all accounts, by state. */
    countUnderWay: () =>
      rows
        .aggregate<{ state: CampaignState; count: number }>([
          { $match: { state: { $in: UNDER_WAY } } },
          { $group: { _id: '$state', count: { $sum: 1 } } },
          { $project: { _id: 0, state: '$_id', count: 1 } },
        ])
        .toArray(),

    /** One page, newest first, and how many there are in all. */
    page: async (account: number, search: CampaignSearch, skip: number, limit: number) => {
      const filter = await matching({ rows, pages }, account, search);
      const [found, total] = await Promise.all([
        rows
          .aggregate<CampaignSummary>([
            { $match: filter },
            { $sort: { _id: -1 } },
            { $skip: skip },
            { $limit: limit },
            ...WITHOUT_LETTER,
          ])
          .toArray(),
        rows.countDocuments(filter),
      ]);
      return { found, total };
    },

    /** Campaigns to these lists that were launched, the last launch first; only those after `after` where given. */
    launchedTo: (
      account: number,
      lists: readonly number[],
      after: LaunchPosition | undefined,
      limit: number,
    ): Promise<CampaignSummary[]> => {
      const launched = { account, list_id: { $in: [...lists] }, launched_at: { $type: 'date' as const } };
      return summariesTo(rows, lists, { $and: [launched, launchedBefore(after)] }, LATEST, limit);
    },

    /** Scheduled campaigns to these lists, the next one first. */
    scheduledTo: (account: number, lists: readonly number[], limit: number): Promise<CampaignSummary[]> => {
      const scheduled = { account, list_id: { $in: [...lists] }, state: 'scheduled' as const };
      return summariesTo(rows, lists, scheduled, { scheduled_at: 1 }, limit);
    },

    /** Campaigns that are live or have sent mail, the last launched first; only those after `after` where given. */
    byLaunch: async (account: number, after: LaunchPosition | undefined, limit: number): Promise<CampaignSummary[]> => {
      const sent = await matching({ rows, pages }, account, { status: 'sent' });
      const filter = { $or: [sent, { account, state: { $in: [...statesOf('sending')] } }] };
      return summaries(rows, { account, $and: [filter, launchedBefore(after)] }, LATEST, limit);
    },
  };
}

const WITHOUT_LETTER: readonly Document[] = [
  { $set: { is_document: { $regexMatch: { input: '$html', regex: WHOLE_DOCUMENT } } } },
  { $unset: ['html', 'text'] },
];

async function subjectsOf(
  rows: Collection<Campaign>,
  account: number,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const found = rows
    .find({ _id: { $in: [...ids] }, account })
    .project<Pick<Campaign, '_id' | 'subject'>>({ subject: 1 });
  return new Map((await found.toArray()).map(({ _id, subject }) => [_id, subject]));
}

type Order = Readonly<Record<string, 1 | -1>>;

const LATEST: Order = { launched_at: -1, _id: -1 };

function summaries(
  rows: Collection<Campaign>,
  filter: Filter<Campaign>,
  sort: Order,
  limit: number,
  options: AggregateOptions = {},
): Promise<CampaignSummary[]> {
  const pipeline = [{ $match: filter }, { $sort: sort }, { $limit: limit }, ...WITHOUT_LETTER];
  return rows.aggregate<CampaignSummary>(pipeline, options).toArray();
}

/** By the index of the lists: that of all launches of the account is in this order too, and has no end. */
async function summariesTo(
  rows: Collection<Campaign>,
  lists: readonly number[],
  filter: Filter<Campaign>,
  sort: Order,
  limit: number,
): Promise<CampaignSummary[]> {
  return lists.length === 0 ? [] : summaries(rows, filter, sort, limit, { hint: { account: 1, list_id: 1, ...sort } });
}

/** A position in the order of launches. */
export interface LaunchPosition {
  readonly at: Date;
  readonly id: number;
}

function launchedBefore(position: LaunchPosition | undefined): Filter<Campaign> {
  if (position === undefined) return {};
  const { at, id } = position;
  return { $or: [{ launched_at: { $lt: at } }, { launched_at: at, _id: { $lt: id } }] };
}

interface Collections {
  readonly rows: Collection<Campaign>;
  readonly pages: Collection<LedgerPage>;
}

async function matching(
  collections: Collections,
  account: number,
  { status, state, list_id }: CampaignSearch,
): Promise<Filter<Campaign>> {
  const of: Filter<Campaign> = { account, ...(list_id !== undefined && { list_id }) };
  const states = (status === undefined ? CAMPAIGN_STATES : statesOf(status)).filter(
    (one) => state === undefined || one === state,
  );
  if (status === undefined || !states.includes('cancelled')) return { ...of, state: { $in: states } };
  const cancelled = { state: 'cancelled' as const, _id: await cancelledAs(status, collections, of) };
  return { ...of, $or: [{ state: { $in: states.filter((one) => one !== 'cancelled') } }, cancelled] };
}

/** A cancelled campaign counts as a draft unless a mail may have been sent; its pages decide. */
async function cancelledAs(status: CampaignStatus, { rows, pages }: Collections, of: Filter<Campaign>) {
  const cancelled = await rows.distinct('_id', { ...of, state: 'cancelled' });
  const sent = await pages.distinct('campaign', {
    account: of.account as number,
    campaign: { $in: cancelled },
    claimed: { $gt: 0 },
  });
  return { $in: status === 'sent' ? sent : cancelled.filter((id) => !sent.includes(id)) };
}
