import type { Db } from 'mongodb';
import type { LedgerPage } from '../../domain/campaign/ledger-page.js';

/** Ids ascend on a page, so the first one is the lowest. The marks and the token of a page stay as they are. */
export async function addFirstIds(db: Db): Promise<void> {
  const pages = db.collection<LedgerPage>('ledger');
  await pages.updateMany({ first_id: { $exists: false }, n: { $gt: 0 } }, [{ $set: { first_id: { $first: '$ids' } } }]);
}
