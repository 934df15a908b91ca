import { now } from '../clock.js';
import type { Campaign } from '../store/campaigns.js';
import type { Doubt } from '../store/doubt.js';
import type { Engagements } from '../store/engagement.js';

export interface RollUpDeps {
  readonly doubt: Doubt;
  readonly engagements: Pick<Engagements, 'clickersAmong' | 'rollUp'>;
}

/** A click may have come before the ledger knew that it was in doubt: whoever has clicked has the mail. */
export async function settleByClicks(
  { doubt, engagements }: RollUpDeps,
  { account, _id }: Pick<Campaign, 'account' | '_id'>,
): Promise<void> {
  const doubtful = await doubt.openIn(account, _id);
  if (doubtful.length === 0) return;
  await doubt.settle(account, _id, await engagements.clickersAmong(account, _id, doubtful), now());
}
