import type { Document } from 'mongodb';
import { BURST } from '../../domain/tracking/visit.js';

/** Visits by recipients. */
export const VISITS = ['recipient.opened', 'recipient.clicked'] as const;
/** Events by which a campaign loses subscribers. */
export const DEPARTURES = ['subscriber.unsubscribed', 'subscriber.bounced', 'subscriber.complained'] as const;

const WITHIN = BURST.within / 1_000;

/**
 * Visits as the sums need them. Several links of one mail followed within moments are visits by a machine, the first
 * included. Only this pipeline sees them side by side.
 */
export const BURSTS: readonly Document[] = [
  { $project: { _id: 0, who: '$subscriber', what: '$type', by: '$data.by', link: '$data.link', at: 1 } },
  {
    $setWindowFields: {
      partitionBy: { who: '$who', what: '$what' },
      sortBy: { at: 1 },
      output: { around: { $addToSet: '$link', window: { range: [-WITHIN, WITHIN], unit: 'second' } } },
    },
  },
  { $set: { by: { $cond: [{ $gte: [{ $size: '$around' }, BURST.links] }, 'machine', '$by'] } } },
];

/** Each person counts once, each visit counts. */
export const REACH: readonly Document[] = [
  { $group: { _id: { what: '$what', by: '$by', who: '$who' }, n: { $sum: 1 } } },
  { $group: { _id: { what: '$_id.what', by: '$_id.by' }, people: { $sum: 1 }, total: { $sum: '$n' } } },
  { $project: { _id: 0, what: '$_id.what', by: '$_id.by', people: 1, total: 1 } },
];

export const LINKS: readonly Document[] = [
  { $match: { what: 'recipient.clicked' } },
  { $group: { _id: { link: '$link', by: '$by', who: '$who' }, n: { $sum: 1 } } },
  { $group: { _id: { link: '$_id.link', by: '$_id.by' }, people: { $sum: 1 }, total: { $sum: '$n' } } },
  { $project: { _id: 0, link: '$_id.link', by: '$_id.by', people: 1, total: 1 } },
];

/** Visits by people per hour; a person counts in the hour of the first visit. */
export const HOURS: readonly Document[] = [
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
