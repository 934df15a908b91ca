import type { Collection, Document } from 'mongodb';
import type { ExceptionKind } from '../../domain/campaign/campaign.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { type CampaignTotals, type RoundTotals, totalsOf } from '../../domain/campaign/totals.js';

/** Totals of each campaign's audience, from one aggregation over the pages of all of them. */
export async function campaignTotals(
  pages: Collection<LedgerPage>,
  account: number,
  campaigns: readonly number[],
): Promise<Map<number, CampaignTotals>> {
  const rounds = new Map<number, RoundTotals[]>(campaigns.map((id) => [id, []]));
  if (campaigns.length > 0) {
    const pipeline = [
      { $match: { account, campaign: { $in: [...campaigns] } } },
      { $project: PAGE },
      { $group: ROUND },
    ];
    // One snapshot for all pages: a recipient that moves from one round to the next counts once.
    const groups = pages.aggregate<RoundGroup>(pipeline, { readConcern: { level: 'snapshot' } });
    for await (const { _id, taken, ...sums } of groups) {
      rounds.get(_id.campaign)?.push({ ...sums, round: _id.round, taken: taken.flat() });
    }
  }
  return new Map([...rounds].map(([id, found]) => [id, totalsOf(found)]));
}

type RoundGroup = Omit<RoundTotals, 'round' | 'taken'> & {
  readonly _id: { readonly campaign: number; readonly round: number };
  readonly taken: readonly RoundTotals['taken'][];
};

const UNCLAIMED: Document = { $subtract: ['$n', '$claimed'] };

/** Entries of a kind that no later round retries. */
function open(kind: ExceptionKind): Document {
  const isOpen = { $and: [{ $eq: ['$$entry.kind', kind] }, { $eq: ['$$entry.next', null] }] };
  return { $size: { $filter: { input: '$exceptions', as: 'entry', cond: isOpen } } };
}

const TAKEN_BY: Document = {
  $map: {
    input: { $filter: { input: '$exceptions', as: 'entry', cond: { $ne: ['$$entry.next', null] } } },
    as: 'entry',
    in: '$$entry.next',
  },
};

const TAKEN: Document = {
  $let: {
    vars: { rounds: TAKEN_BY },
    in: {
      $map: {
        input: { $setUnion: ['$$rounds', []] },
        as: 'round',
        in: {
          round: '$$round',
          n: { $size: { $filter: { input: '$$rounds', as: 'one', cond: { $eq: ['$$one', '$$round'] } } } },
        },
      },
    },
  },
};

/** Below `settled` sent unless an exception says otherwise, then in flight, then pending (docs/architecture/protocol.md "Documents"). */
const PAGE: Document = {
  campaign: 1,
  round: 1,
  n: 1,
  last: 1,
  claimed: 1,
  taken: TAKEN,
  pending: { $cond: ['$done', 0, UNCLAIMED] },
  in_flight: { $subtract: ['$claimed', '$settled'] },
  sent: { $add: [{ $subtract: ['$settled', { $size: '$exceptions' }] }, open('sent')] },
  failed: open('failed'),
  uncertain: open('uncertain'),
  deferred: open('deferred'),
  // A page is closed above its marks only by a cancel.
  skipped: { $add: [open('skipped'), { $cond: ['$done', UNCLAIMED, 0] }] },
};

const ROUND: Document & { _id: Document } = {
  _id: { campaign: '$campaign', round: '$round' },
  recipients: { $sum: '$n' },
  claimed: { $sum: '$claimed' },
  complete: { $max: '$last' },
  taken: { $push: '$taken' },
  ...Object.fromEntries(
    ['pending', 'in_flight', 'sent', 'failed', 'uncertain', 'skipped', 'deferred'].map((kind) => [
      kind,
      { $sum: `$${kind}` },
    ]),
  ),
};
