import type { Letter } from '../../mail/letter/letter.js';
import { destinationsOf } from '../../mail/letter/tracking.js';
import type { Accounts } from '../../store/accounts/accounts.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Links } from '../../store/tracking/links.js';

export interface LetterTrackingDeps {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly links: Pick<Links, 'number'>;
}

/** The tracking of a campaign's letter by the settings of campaign and account. Its links are stored before it is used. */
export async function trackingOf(
  { accounts, links }: LetterTrackingDeps,
  { _id: id, account, settings }: Pick<Campaign, '_id' | 'account' | 'settings'>,
  letter: Letter,
): Promise<Pick<Letter, 'tracking'>> {
  const { track_opens: opens, track_clicks: clicks } = settings;
  if (!opens && !clicks) return {};
  if ((await accounts.find(account))?.track === false) return {};
  const numbers = await links.number({ kind: 'campaign', account, id }, clicks ? destinationsOf(letter) : []);
  return { tracking: { opens, links: clicks ? numbers : new Map() } };
}
