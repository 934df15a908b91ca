import { campaignRowViews } from '../../api/routes/campaigns/view.js';
import { newsletterView } from '../../api/routes/newsletters/view.js';
import type { Config } from '../../config.js';
import { stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { titleOf } from './campaign.js';
import { exact, print } from './lines.js';
import type { StoryOptions } from './status.js';

const LISTED = 20;

/** `everpost campaign`: the newest campaigns with their numbers. */
export function listCampaigns(config: Config, { account, json }: StoryOptions): Promise<void> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const { found, total } = await nouns.campaigns.page(account, {}, 0, LISTED);
    const data = await campaignRowViews(nouns, account, found);
    print({ data, meta: { total } }, [...data.map(titleOf), ...restOf('campaigns', data.length, total)], json);
  });
}

/** `everpost newsletter`: the newest newsletters with their numbers. */
export function listNewsletters(config: Config, { account, json }: StoryOptions): Promise<void> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const { found, total } = await nouns.newsletters.page(account, undefined, 0, LISTED);
    const data = found.map(newsletterView);
    const lines = data.map(({ id, name, state, next_at }) => {
      return `Newsletter ${id}, "${name}": ${state}${next_at === null ? '' : `, the next issue begins on ${exact(next_at)}`}`;
    });
    print({ data, meta: { total } }, [...lines, ...restOf('newsletters', data.length, total)], json);
  });
}

function restOf(noun: string, shown: number, total: number): string[] {
  if (total === 0) return [`No ${noun}.`];
  return total > shown ? [`The newest ${shown} of ${total} ${noun}; GET /${noun}?page=2 has the others.`] : [];
}
