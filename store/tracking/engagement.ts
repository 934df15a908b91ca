import type { Collection, Document } from 'mongodb';
import {
  type Engagement,
  type HourSums,
  hoursOf,
  type LinkSums,
  linksOf,
  NO_ENGAGEMENT,
  type VisitSums,
  visitCountsOf,
} from '../../domain/campaign/engagement.js';
import type { StoredEvent } from '../events/events.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { markBursts } from './bursts.js';

/**
 * A campaign's figures with the number of events they were read from. Events are only appended, so the same number
 * means the same events.
 */
interface StoredEngagement {
  readonly _id: number;
  readonly account: number;
  readonly events: number;
  readonly engagement: Engagement;
}

/** A campaign; events of people on several lists count for the list of the campaign. */
export interface CampaignRef {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
}

export type Engagements = ReturnType<typeof engagements>;

/**
 * Opens, clicks and departures, read from the event log alone. The figures are stored with the number of events they
 * were read from: while that number is the same they are exact, otherwise they are read again.
 */
export function engagements(store: Store) {
  const eventRows = majorityCollection<StoredEvent>(store, 'events');
  const figures = majorityCollection<StoredEngagement>(store, 'statistics');

  const read = async (campaign: CampaignRef, events: number): Promise<Engagement> => {
    const engagement = await readEngagement(eventRows, campaign);
    const { _id, account } = campaign;
    // Events may have been appended meanwhile: the next reader then finds another number and reads again.
    await figures.updateOne({ _id, account }, { $set: { events, engagement } }, { upsert: true });
    return engagement;
  };

  const ofMany = async (account: number, campaigns: readonly CampaignRef[]): Promise<Map<number, Engagement>> => {
    const counts = await countsOf(
      eventRows,
      account,
      campaigns.map(({ _id }) => _id),
    );
    const rolled = await figures.find({ _id: { $in: [...counts.keys()] }, account }).toArray();
    const known = new Map(rolled.map((row) => [row._id, row]));
    const found = new Map<number, Engagement>();
    for (const campaign of campaigns) {
      const events = counts.get(campaign._id) ?? 0;
      const last = known.get(campaign._id);
      if (events === 0) found.set(campaign._id, NO_ENGAGEMENT);
      else found.set(campaign._id, last?.events === events ? last.engagement : await read(campaign, events));
    }
    return found;
  };

  return {
    /** The figures of several campaigns, exact as of now. */
    ofMany,

    of: async (campaign: CampaignRef): Promise<Engagement> =>
      (await ofMany(campaign.account, [campaign])).get(campaign._id) ?? NO_ENGAGEMENT,

    /** Reads the figures from every event, whatever is stored. */
    rollUp: async (campaign: CampaignRef): Promise<Engagement> => {
      const counts = await countsOf(eventRows, campaign.account, [campaign._id]);
      return read(campaign, counts.get(campaign._id) ?? 0);
    },

    /** The recipients among these who have clicked in their mail; clicks by machines do not count. */
    clickersAmong: (account: number, campaign: number, subscribers: readonly number[]): Promise<number[]> => {
      const clicks = { account, campaign, type: 'recipient.clicked', 'data.by': 'person' } as const;
      return eventRows.distinct('subscriber', { ...clicks, subscriber: { $in: [...subscribers] } }) as Promise<
        number[]
      >;
    },
  };
}

/** Read from an index alone. */
async function countsOf(eventRows: Collection<StoredEvent>, account: number, campaigns: readonly number[]) {
  const counted = eventRows.aggregate<{ _id: number; n: number }>([
    { $match: { account, campaign: { $in: [...campaigns] }, type: { $in: [...VISITS, ...DEPARTURES] } } },
    { $group: { _id: '$campaign', n: { $sum: 1 } } },
  ]);
  return new Map((await counted.toArray()).map(({ _id, n }) => [_id, n]));
}

interface Facets {
  readonly reach: readonly VisitSums[];
  readonly links: readonly LinkSums[];
  readonly hours: readonly HourSums[];
}

async function readEngagement(
  eventRows: Collection<StoredEvent>,
  { _id, account, list_id }: CampaignRef,
): Promise<Engagement> {
  const visits: Document = { account, campaign: _id, type: { $in: [...VISITS] } };
  const left: Document = { account, campaign: _id, type: { $in: [...DEPARTURES] }, 'data.list_id': list_id };
  const [[facets], departures] = await Promise.all([
    eventRows
      .aggregate<Facets>(
        [{ $match: visits }, ...VISITS_WITH_BURSTS, { $facet: { reach: REACH, links: LINKS, hours: HOURS } }],
        {
          allowDiskUse: true,
        },
      )
      .toArray(),
    eventRows
      .aggregate<{ _id: string; n: number }>([{ $match: left }, { $group: { _id: '$type', n: { $sum: 1 } } }])
      .toArray(),
  ]);
  const { reach = [], links = [], hours = [] } = facets ?? {};
  const gone = (type: string) => departures.find((one) => one._id === type)?.n ?? 0;
  return {
    opens: visitCountsOf(reach.filter(({ what }) => what === 'recipient.opened')),
    clicks: visitCountsOf(reach.filter(({ what }) => what === 'recipient.clicked')),
    bounces: gone('subscriber.bounced'),
    complaints: gone('subscriber.complained'),
    unsubscribes: gone('subscriber.unsubscribed'),
    links: linksOf(links),
    hours: hoursOf(hours),
  };
}

/** Visits by recipients. */
const VISITS = ['recipient.opened', 'recipient.clicked'] as const;
/** Events by which a campaign loses subscribers. */
const DEPARTURES = ['subscriber.unsubscribed', 'subscriber.bounced', 'subscriber.complained'] as const;

/** Visits as the sums need them. */
const VISITS_WITH_BURSTS: readonly Document[] = [
  { $project: { _id: 0, who: '$subscriber', what: '$type', by: '$data.by', link: '$data.link', at: 1 } },
  ...markBursts({ who: '$who', what: '$what' }),
];

/** Each person counts once, each visit counts. */
const REACH: readonly Document[] = [
  { $group: { _id: { what: '$what', by: '$by', who: '$who' }, n: { $sum: 1 } } },
  { $group: { _id: { what: '$_id.what', by: '$_id.by' }, people: { $sum: 1 }, total: { $sum: '$n' } } },
  { $project: { _id: 0, what: '$_id.what', by: '$_id.by', people: 1, total: 1 } },
];

const LINKS: readonly Document[] = [
  { $match: { what: 'recipient.clicked' } },
  { $group: { _id: { link: '$link', by: '$by', who: '$who' }, n: { $sum: 1 } } },
  { $group: { _id: { link: '$_id.link', by: '$_id.by' }, people: { $sum: 1 }, total: { $sum: '$n' } } },
  { $project: { _id: 0, link: '$_id.link', by: '$_id.by', people: 1, total: 1 } },
];

/** Visits by people per hour; a person counts in the hour of the first visit. */
const HOURS: readonly Document[] = [
  { $match: { by: 'person' } },
  {
    $group: { _id: { what: '$what', who: '$who', at: { $dateTrunc: { date: '$at', unit: 'hour' } } }, n: { $sum: 1 } },
  },
  { $sort: { '_id.at': 1 } },
  { $group: { _id: { what: '$_id.what', who: '$_id.who' }, hours: { $push: { at: '$_id.at', n: '$n' } } } },
  { $unwind: { path: '$hours', includeArrayIndex: 'i' } },
  {
    $group: {
      _id: { what: '$_id.what', at: '$hours.at' },
      total: { $sum: '$hours.n' },
      people: { $sum: { $cond: [{ $eq: ['$i', 0] }, 1, 0] } },
    },
  },
  { $project: { _id: 0, what: '$_id.what', at: '$_id.at', people: 1, total: 1 } },
];
