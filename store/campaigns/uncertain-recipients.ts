import type { Collection, Filter } from 'mongodb';
import type { LateEvidence, LedgerPage, PageException } from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import { placeInRound } from './recipient-lookup.js';
import type { Campaign } from './row.js';

export type UncertainRecipients = ReturnType<typeof uncertainRecipients>;

/** A recipient's position in the ledger. */
export interface LedgerPosition {
  /** Id of the page. */
  readonly page: string;
  readonly i: number;
}

type CampaignRef = Pick<Campaign, '_id' | 'account'>;

/**
 * Recipients whose outcome is unknown, and the late evidence that settles them. The write that settles an entry marks it as
 * unpublished, so its event cannot be lost: it is due until `confirmPublished`.
 */
export function uncertainRecipients(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return { ...finding(pages), ...settling(pages) };
}

function finding(pages: Collection<LedgerPage>) {
  const uncertainPages = (filter: Filter<LedgerPage>) =>
    pages.find({ ...filter, 'exceptions.kind': 'uncertain' }).project<LedgerPage>({ ids: 1, exceptions: 1 });

  return {
    /** Ids of the uncertain subscribers of a campaign. Reads pages with uncertain entries only, by their index. */
    ofCampaign: async ({ account, _id: campaign }: CampaignRef): Promise<number[]> => {
      const found = await uncertainPages({ account, campaign }).toArray();
      return found.flatMap(uncertainOn).map(({ subscriber }) => subscriber);
    },

    /** Where the ledger is uncertain about these subscribers. */
    positionsOf: async (
      { account, _id: campaign }: CampaignRef,
      subscribers: readonly number[],
    ): Promise<LedgerPosition[]> => {
      if (subscribers.length === 0) return [];
      const found = await uncertainPages({ account, campaign, ids: { $in: [...subscribers] } }).toArray();
      return found.flatMap(uncertainOn).filter(({ subscriber }) => subscribers.includes(subscriber));
    },

    /** The last round's position of a subscriber; ids ascend along the pages of a round, so one page a round is read. */
    lastPositionOf: async (
      { _id, account, launch, round: last }: CampaignRef & Pick<Campaign, 'launch' | 'round'>,
      subscriber: number,
    ): Promise<LedgerPosition | undefined> => {
      for (let round = last; round >= 0; round -= 1) {
        const place = await placeInRound(pages, { account, campaign: _id, launch, round }, subscriber);
        if (place !== undefined) return { page: place._id, i: place.i };
      }
      return undefined;
    },
  };
}

function settling(pages: Collection<LedgerPage>) {
  return {
    /**
     * Settles an uncertain recipient that no later round retries, and marks its event as due; false where there is none.
     * Atomic: one conditional update, which matches at most one entry, once.
     */
    recordLateEvidence: async (account: number, page: string, late: LateEvidence): Promise<boolean> => {
      const owner = late.by === undefined ? {} : { by: late.by };
      const { matchedCount } = await pages.updateOne(
        {
          ...{ _id: page, account },
          exceptions: { $elemMatch: { i: late.i, kind: 'uncertain', next: null, ...owner } },
        },
        {
          $set: {
            'exceptions.$.kind': late.kind,
            'exceptions.$.class': late.class,
            'exceptions.$.code': late.code,
            'exceptions.$.reply': late.reply,
            'exceptions.$.at': late.at,
            'exceptions.$.unpublished': true,
          },
        },
      );
      return matchedCount === 1;
    },

    page: (account: number, _id: string): Promise<LedgerPage | null> => pages.findOne({ account, _id }),

    /** Pages of every account with late evidence whose event is due. */
    unpublishedPages: (): AsyncIterable<LedgerPage> => pages.find({ 'exceptions.unpublished': true }),

    /**
     * The event of this entry, as it was read, is appended. One that a restore made uncertain becomes due again once late
     * evidence settles it: that mark stays. Atomic: one update for each kind.
     */
    confirmPublished: async ({ _id, account }: LedgerPage, entries: readonly PageException[]): Promise<void> => {
      for (const kind of new Set(entries.map((entry) => entry.kind))) {
        const published = entries.flatMap((entry) => (entry.kind === kind ? [entry.i] : []));
        await pages.updateOne(
          { _id, account },
          { $unset: { 'exceptions.$[entry].unpublished': '' } },
          { arrayFilters: [{ 'entry.i': { $in: published }, 'entry.kind': kind }] },
        );
      }
    },
  };
}

function uncertainOn({ _id: page, ids, exceptions }: LedgerPage): (LedgerPosition & { readonly subscriber: number })[] {
  return exceptions.flatMap(({ i, kind, next }) => {
    const subscriber = ids[i];
    return kind === 'uncertain' && next === null && subscriber !== undefined ? [{ page, i, subscriber }] : [];
  });
}
