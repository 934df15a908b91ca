import type { Collection, Filter } from 'mongodb';
import type { LedgerPage, PageException } from '../../domain/campaign/ledger-page.js';
import type { RoundKey } from './ledger.js';
import { type PageMarks, type RecipientOnPage, recipientOnPage } from './recipient-status.js';
import type { Campaign } from './row.js';

/** A subscriber on a page of a round: the page's marks, the index on it, and the exception of that index alone. */
interface RecipientPlace extends PageMarks {
  readonly _id: string;
  readonly i: number;
  readonly exceptions: readonly PageException[];
}

/** A launched campaign, as far as its pages are named by it. */
export type LaunchedCampaign = Pick<Campaign, '_id' | 'account' | 'launch'>;

/**
 * Where a round has a subscriber. Ids ascend along the pages of a round, so the page with the highest first id up to the
 * subscriber's is the only candidate: one seek in an index. Pages of earlier versions have no first id; they are read last.
 */
export async function placeInRound(
  pages: Collection<LedgerPage>,
  { account, campaign, launch, round }: RoundKey,
  subscriber: number,
): Promise<RecipientPlace | undefined> {
  const key = { account, campaign, launch, round };
  const place = await placeOn(pages, { ...key, first_id: { $lte: subscriber } }, subscriber);
  return place ?? placeOn(pages, { ...key, first_id: { $exists: false }, ids: subscriber }, subscriber);
}

async function placeOn(
  pages: Collection<LedgerPage>,
  filter: Filter<LedgerPage>,
  subscriber: number,
): Promise<RecipientPlace | undefined> {
  const i = { $indexOfArray: ['$ids', subscriber] };
  const found = pages.find(filter).project<RecipientPlace>({
    ...{ round: 1, page: 1, settled: 1, claimed: 1, done: 1, seen: 1, i },
    exceptions: { $filter: { input: '$exceptions', as: 'entry', cond: { $eq: ['$$entry.i', i] } } },
  });
  const place = await found.sort({ first_id: -1 }).limit(1).next();
  return place === null || place.i < 0 ? undefined : place;
}

/**
 * A recipient in the round that decides, with the attempts of all rounds; undefined: no stored page has them. Reads one page
 * for each round that took the recipient. While a later round has no page for them yet, the round before it decides.
 */
export async function recipientOf(
  pages: Collection<LedgerPage>,
  { _id: campaign, account, launch }: LaunchedCampaign,
  subscriber: number,
): Promise<RecipientOnPage | undefined> {
  let found: RecipientOnPage | undefined;
  for (let round: number | null = 0; round !== null; ) {
    const place: RecipientPlace | undefined = await placeInRound(
      pages,
      { account, campaign, launch, round },
      subscriber,
    );
    if (place === undefined) break;
    const [entry] = place.exceptions;
    const here = recipientOnPage(place, place.i, subscriber, entry);
    found = { ...here, attempts: here.attempts + (found?.attempts ?? 0) };
    round = entry?.next ?? null;
  }
  return found;
}
