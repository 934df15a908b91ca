import type { CampaignResponse } from '../../api/routes/campaigns/schema.js';
import { campaignView } from '../../api/routes/campaigns/view.js';
import type { Config } from '../../config.js';
import { stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { counted, exact, print } from './lines.js';
import type { StoryOptions } from './status.js';

/** `everpost campaign <id>`: how far a campaign is, how fast, what it waits for, and who was left out. */
export function campaign(config: Config, id: number, { account, json }: StoryOptions): Promise<number> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const row = await nouns.campaigns.find(account, id);
    if (row === null) {
      console.error(`Account ${account} has no campaign ${id}.`);
      return 1;
    }
    const { data } = await campaignView(nouns, row);
    print(data, storyOf(data), json);
    return 0;
  });
}

function storyOf(view: CampaignResponse): string[] {
  const { id, subject, state, reason, stats, recipient_count, scheduled_at, sent_at, waiting, speed } = view;
  const because = reason === null ? '' : ` (${reason})`;
  const at = sent_at ?? scheduled_at;
  const time = at === null ? '' : `, ${sent_at === null ? 'scheduled for' : 'sent on'} ${exact(at)}`;
  const { sent, failed, skipped, uncertain, deferred, pending, in_flight } = stats;
  const counts = { sent, failed, skipped, uncertain, deferred, pending, 'in flight': in_flight };
  const sum = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return [
    `Campaign ${id}, "${subject}": ${state}${because}${time}`,
    `${counted(recipient_count, 'recipient')}: ${sum.join(', ')}`,
    excludedLine(view),
    ...(waiting === null ? [] : [waitingLine(waiting)]),
    ...(speed === null || waiting !== null ? [] : [speedLine(speed)]),
  ];
}

function excludedLine({ excluded }: CampaignResponse): string {
  if (excluded === null) return 'Left out at the freeze: not known before its end.';
  const reasons = Object.entries(excluded).flatMap(([why, count]) => (count === 0 ? [] : [`${count} ${why}`]));
  return `Left out at the freeze: ${reasons.length === 0 ? 'none' : reasons.join(', ')}.`;
}

function waitingLine({ reason, since, next_try, detail }: NonNullable<CampaignResponse['waiting']>): string {
  const next = next_try === null ? '' : `; next try on ${exact(next_try)}`;
  return `Waiting since ${exact(since)} (${reason}): ${detail}${next}`;
}

function speedLine({ per_second, limited_by, detail }: NonNullable<CampaignResponse['speed']>): string {
  return `${per_second} a second, limited by ${limited_by.replaceAll('_', ' ')}: ${detail}`;
}
