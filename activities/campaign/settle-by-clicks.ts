import { now } from '../../clock.js';
import type { Campaign } from '../../store/campaigns/campaigns.js';
import type { UncertainRecipients } from '../../store/campaigns/uncertain-recipients.js';
import type { Engagements } from '../../store/tracking/engagement.js';

export interface ClickEvidenceDeps {
  readonly uncertainRecipients: UncertainRecipients;
  readonly engagements: Pick<Engagements, 'clickersAmong' | 'rollUp'>;
}

/** A click may have come before the ledger knew that it was in doubt: whoever has clicked has the mail. */
export async function settleByClicks(
  { uncertainRecipients, engagements }: ClickEvidenceDeps,
  { account, _id }: Pick<Campaign, 'account' | '_id'>,
): Promise<void> {
  const doubtful = await uncertainRecipients.ofCampaign(account, _id);
  if (doubtful.length === 0) return;
  await uncertainRecipients.settleAsSent(account, _id, await engagements.clickersAmong(account, _id, doubtful), now());
}
