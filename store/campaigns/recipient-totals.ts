import type { Collection, Document } from 'mongodb';
import type { ExceptionKind } from '../../domain/campaign/campaign.js';
import { EXCLUSION_REASONS, type ExclusionReason } from '../../domain/campaign/exclusions.js';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';

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
      rounds.get(_id.campaign)?.push({ ...sums, round: _id.round, taken: taken.flat(), excluded: exclusionsIn(sums) });
    }
  }
  return new Map([...rounds].map(([id, found]) => [id, totalsOf(found)]));
}

type RoundGroup = Omit<RoundTotals, 'round' | 'taken' | 'excluded'> &
  Readonly<Record<`excluded_${ExclusionReason}`, number>> & {
    readonly _id: { readonly campaign: number; readonly round: number };
    readonly taken: readonly RoundTotals['taken'][];
    /** Whether the last page is stored, with its counts. */
    readonly counted: boolean;
  };

function exclusionsIn(sums: Omit<RoundGroup, '_id' | 'taken'>): ExcludedPeople | null {
  if (!sums.counted) return null;
  return Object.fromEntries(EXCLUSION_REASONS.map((reason) => [reason, sums[`excluded_${reason}`]])) as ExcludedPeople;
}

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
  excluded: 1,
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
  counted: { $max: { $and: ['$last', { $ne: [{ $type: '$excluded' }, 'missing'] }] } },
  taken: { $push: '$taken' },
  ...Object.fromEntries(EXCLUSION_REASONS.map((reason) => [`excluded_${reason}`, { $sum: `$excluded.${reason}` }])),
  ...Object.fromEntries(
    ['pending', 'in_flight', 'sent', 'failed', 'uncertain', 'skipped', 'deferred'].map((kind) => [
      kind,
      { $sum: `$${kind}` },
    ]),
  ),
};

/** The audience of a campaign by status: `recipients` is the total, and each recipient is in exactly one of the other counts. */
export interface Totals {
  readonly recipients: number;
  readonly pending: number;
  /** Claimed and not settled: a mail may be in flight. */
  readonly in_flight: number;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly skipped: number;
  readonly deferred: number;
}

/** People of the list whom the freeze left out, by reason. */
type ExcludedPeople = Readonly<Record<ExclusionReason, number>>;

/** Sums over the pages of one round. */
interface RoundTotals extends Totals {
  readonly round: number;
  /** Null: the chain is not complete, or was frozen by an earlier version. */
  readonly excluded: ExcludedPeople | null;
  /** Whether the last page of this round is stored. */
  readonly complete: boolean;
  readonly claimed: number;
  /** Entries that a later round retries, by that round. */
  readonly taken: readonly { readonly round: number; readonly n: number }[];
}

export interface CampaignTotals extends Totals {
  /** Whether any mail may have been sent. */
  readonly anySent: boolean;
  /** With `recipients` the size of the list at the freeze; null: not frozen to the end, or by an earlier version. */
  readonly excluded: ExcludedPeople | null;
}

/**
 * Adds up the rounds. A retried recipient counts in the round that retries them. While the pages of that round are still
 * being created, recipients without a page count as deferred. Recipients missing from a complete round are not corrected for.
 */
export function totalsOf(rounds: readonly RoundTotals[]): CampaignTotals {
  const sum = (count: (round: RoundTotals) => number) => rounds.reduce((total, round) => total + count(round), 0);
  return {
    recipients: sum(({ round, recipients }) => (round === 0 ? recipients : 0)),
    pending: sum(({ pending }) => pending),
    in_flight: sum(({ in_flight }) => in_flight),
    sent: sum(({ sent }) => sent),
    failed: sum(({ failed }) => failed),
    uncertain: sum(({ uncertain }) => uncertain),
    skipped: sum(({ skipped }) => skipped),
    deferred: sum(({ deferred }) => deferred) + withoutPageYet(rounds),
    anySent: rounds.some(({ claimed }) => claimed > 0),
    excluded: rounds.find(({ round }) => round === 0)?.excluded ?? null,
  };
}

function withoutPageYet(rounds: readonly RoundTotals[]): number {
  const taken = new Map<number, number>();
  for (const { round, n } of rounds.flatMap((each) => each.taken)) taken.set(round, (taken.get(round) ?? 0) + n);
  let waiting = 0;
  for (const [number, n] of taken) {
    const stored = rounds.find(({ round }) => round === number);
    if (stored?.complete !== true) waiting += n - (stored?.recipients ?? 0);
  }
  return waiting;
}
