import type { CampaignSummary, LaunchPosition } from '../../store/campaigns/reading.js';
import type { RecipientOnPage } from '../../store/campaigns/recipient-status.js';
import type { Stores } from '../../store/stores.js';
import type { Subscriber } from '../../store/subscribers/row.js';

/** A campaign that has a person among its recipients, and what its ledger says about them. */
export interface CampaignMail {
  readonly campaign: CampaignSummary;
  readonly recipient: RecipientOnPage;
}

export interface CampaignMailQuery {
  readonly account: number;
  /** The rows of one person. */
  readonly rows: readonly Pick<Subscriber, '_id' | 'list_id'>[];
  /** Only launches after this position, which are earlier ones. */
  readonly after?: LaunchPosition | undefined;
  readonly limit: number;
  /** Whether a recipient is wanted; all if absent. */
  readonly wanted?: (recipient: RecipientOnPage) => boolean;
}

interface CampaignMails {
  readonly found: readonly CampaignMail[];
  /** The launch up to which was searched; undefined: there is no earlier one. */
  readonly searchedTo: LaunchPosition | undefined;
}

/** Launches read at once, and in all: most launches to a list have all of its people. */
const LAUNCHES_AT_ONCE = 50;
const MOST_LAUNCHES = 500;
/** Pages of the ledger read at the same time. */
const PAGES_AT_ONCE = 10;

type CampaignMailStores = Pick<Stores, 'campaigns' | 'recipients'>;

/**
 * The campaigns that have a person among their recipients, the last launch first. Looks the person up in the ledger of each
 * launch to the person's lists, in 500 launches at most.
 */
export async function campaignMails(stores: CampaignMailStores, query: CampaignMailQuery): Promise<CampaignMails> {
  const { limit, wanted = () => true } = query;
  const found: CampaignMail[] = [];
  let searched = 0;
  for await (const { campaign, recipient } of launchesWithRecipient(stores, query)) {
    searched += 1;
    if (recipient !== undefined && wanted(recipient)) found.push({ campaign, recipient });
    if (found.length === limit || searched === MOST_LAUNCHES) return { found, searchedTo: positionOf(campaign) };
  }
  return { found, searchedTo: undefined };
}

interface Launch {
  readonly campaign: CampaignSummary;
  /** Undefined: the person is on no page of it. */
  readonly recipient: RecipientOnPage | undefined;
}

/** Every launch to the lists of a person, the last one first. */
async function* launchesWithRecipient(
  stores: CampaignMailStores,
  { account, rows, after }: CampaignMailQuery,
): AsyncGenerator<Launch> {
  const lists = rows.map(({ list_id }) => list_id);
  let position = after;
  for (let isOver = lists.length === 0; !isOver; ) {
    const launches = await stores.campaigns.launchedTo(account, lists, position, LAUNCHES_AT_ONCE);
    for (let from = 0; from < launches.length; from += PAGES_AT_ONCE) {
      const some = launches.slice(from, from + PAGES_AT_ONCE);
      yield* await Promise.all(
        some.map(async (campaign) => ({ campaign, recipient: await recipientIn(stores, campaign, rows) })),
      );
    }
    const last = launches.at(-1);
    if (last !== undefined) position = positionOf(last);
    isOver = launches.length < LAUNCHES_AT_ONCE;
  }
}

/** A campaign goes to one list, on which a person has one row. */
async function recipientIn(
  { recipients }: Pick<Stores, 'recipients'>,
  campaign: CampaignSummary,
  rows: CampaignMailQuery['rows'],
): Promise<RecipientOnPage | undefined> {
  const row = rows.find(({ list_id }) => list_id === campaign.list_id);
  if (row === undefined || campaign.round < 0 || row._id > (campaign.up_to ?? 0)) return undefined;
  return recipients.find(campaign, row._id);
}

function positionOf({ _id: id, launched_at, created_at }: CampaignSummary): LaunchPosition {
  return { at: launched_at ?? created_at, id };
}
