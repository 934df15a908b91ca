import type { Document } from 'mongodb';
import { campaigns } from '../../../store/campaigns/campaigns.js';
import type { Campaign } from '../../../store/campaigns/row.js';
import type { Store } from '../../../store/mongo/connect.js';
import { aDraft } from './campaigns.js';
import { anException, aPage, insertPages } from './ledger-pages.js';

const HOUR = 3_600_000;

/** That many hours from now. */
export function at(hours: number): Date {
  return new Date(Date.now() + hours * HOUR);
}

/** A campaign of a restored database, as the backup has it. */
export async function campaignIn(store: Store, fields: Partial<Campaign>): Promise<Campaign> {
  const { _id, account } = await aDraft(store, 0);
  await store.db.collection<Campaign>('campaigns').updateOne({ _id }, { $set: { launch: 1, ...fields } });
  return campaignNow(store, { _id, account });
}

export async function campaignNow(
  store: Store,
  { _id, account }: Pick<Campaign, '_id' | 'account'>,
): Promise<Campaign> {
  const row = await campaigns(store).find(account, _id);
  if (row === null) throw new Error(`campaign ${_id} is gone`);
  return row;
}

/** A campaign in its first round: a page that is done, one that an owner works on, and no last page yet. */
export async function aSendingCampaign(store: Store): Promise<Campaign> {
  const row = await campaignIn(store, { state: 'sending', round: 0, rounds: [{ takes: [], due: at(-3) }], up_to: 99 });
  const { account, _id: campaign } = row;
  const deferred = { kind: 'deferred', class: 'greylisted', rule: '1:greylisted' } as const;
  await insertPages(store, [
    aPage({
      ...{ account, campaign, page: 0, ids: [1, 2, 3], last: false, settled: 3, claimed: 3, done: true, published: 2 },
      exceptions: [anException({ i: 0, ...deferred }), anException({ i: 2, kind: 'failed' })],
    }),
    aPage({
      ...{ account, campaign, page: 1, ids: [4, 5, 6, 7, 8], last: false, settled: 2, claimed: 3, published: 0 },
      ...{ token: 'owner', seen: at(-2), exceptions: [anException({ i: 1, ...deferred })] },
    }),
  ]);
  return row;
}

/** Everything that is stored, without the times at which it was written. */
export async function storedIn(store: Store): Promise<string> {
  const all: Document = {};
  const collections = await store.db.collections();
  for (const one of collections.sort((a, b) => (a.collectionName < b.collectionName ? -1 : 1))) {
    all[one.collectionName] = await one.find({}, { sort: { _id: 1 } }).toArray();
  }
  return JSON.stringify(all, (key, value) => (/^(?:at|due|since|seen|accounted_until|.*_at)$/.test(key) ? '' : value));
}
