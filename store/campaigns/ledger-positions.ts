import type { LedgerPage } from '../../domain/campaign/ledger-page.js';
import { majorityCollection, type Store } from '../mongo/connect.js';
import type { Campaign } from './campaigns.js';

/** The page on which a recipient's story was written last, and the place on it. */
export interface LedgerPosition {
  readonly page: LedgerPage;
  readonly i: number;
}

export type LedgerPositions = ReturnType<typeof ledgerPositions>;

/** Finds recipients in the ledger. */
export function ledgerPositions(store: Store) {
  const pages = majorityCollection<LedgerPage>(store, 'ledger');
  return {
    /** Where the last round that has the subscriber has them; ids ascend along its pages, so one page a round is read. */
    lastPositionOf: async (campaign: Pick<Campaign, '_id' | 'account' | 'launch' | 'round'>, subscriber: number) => {
      const { _id, account, launch } = campaign;
      for (let round = campaign.round; round >= 0; round -= 1) {
        const page = await pages.findOne(
          { account, campaign: _id, launch, round, 'ids.0': { $lte: subscriber } },
          { sort: { 'ids.0': -1 } },
        );
        const i = page?.ids.indexOf(subscriber) ?? -1;
        if (page !== null && i >= 0) return { page, i } satisfies LedgerPosition;
      }
      return undefined;
    },
  };
}
