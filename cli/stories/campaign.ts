import type { CampaignResponse } from '../../api/routes/campaigns/schema.js';
import { campaignView } from '../../api/routes/campaigns/view.js';
import type { Config } from '../../config.js';
import type { CampaignRecipient } from '../../store/campaigns/recipients.js';
import { stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { counted, exact, print, section } from './lines.js';
import type { StoryOptions } from './status.js';

/** Uncertain recipients that are named. */
const NAMED = 10;

/** `everpost campaign <id>`: how far a campaign is, how fast, what it waits for, who was left out and who is uncertain. */
export function campaign(config: Config, id: number, { account, json }: StoryOptions): Promise<number> {
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const row = await nouns.campaigns.find(account, id);
    if (row === null) {
      console.error(`Account ${account} has no campaign ${id}: everpost campaign lists them.`);
      return 1;
    }
    const { data } = await campaignView(nouns, row);
    const named = { account, campaign: id, status: 'uncertain', limit: NAMED } as const;
    const { found } = await nouns.recipients.list(named);
    const uncertain = found.map(({ email, class: why, reply }) => ({ email, class: why, reply }));
    print({ ...data, uncertain_recipients: uncertain }, storyOf(data, uncertain), json);
    return 0;
  });
}

type UncertainRecipient = Pick<CampaignRecipient, 'email' | 'class' | 'reply'>;

function storyOf(view: CampaignResponse, uncertainRecipients: readonly UncertainRecipient[]): string[] {
  const { recipient_count, stats, waiting, speed } = view;
  const { sent, failed, skipped, uncertain, deferred, pending, in_flight } = stats;
  const counts = { sent, failed, skipped, uncertain, deferred, pending, 'in flight': in_flight };
  const sum = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  return [
    titleOf(view),
    `${counted(recipient_count, 'recipient')}: ${sum.join(', ')}`,
    excludedLine(view),
    ...(waiting === null ? [] : [waitingLine(waiting)]),
    ...(speed === null || waiting !== null ? [] : [speedLine(speed)]),
    ...sendingLines(view),
    ...section('Uncertain, may have arrived:', uncertainLines(view, uncertainRecipients)),
  ];
}

/** A failed campaign has ended; `sent_at` is the time of either end. */
export function titleOf({
  id,
  subject,
  state,
  reason,
  scheduled_at,
  sent_at,
}: Pick<CampaignResponse, 'id' | 'subject' | 'state' | 'reason' | 'scheduled_at' | 'sent_at'>): string {
  const because = reason === null ? '' : ` (${reason})`;
  const ended = sent_at && `, ${state === 'sent' ? 'sent' : 'ended'} on ${exact(sent_at)}`;
  const planned = scheduled_at && `, scheduled for ${exact(scheduled_at)}`;
  return `Campaign ${id}, "${subject}": ${state}${because}${ended ?? planned ?? ''}`;
}

/** The whole sending; where it does not go on, since when. */
function sendingLines({ sending, rate_per_second }: CampaignResponse): string[] {
  if (sending === null) return [];
  const { from, to, mails, seconds, per_second } = sending;
  const begun = to === null ? '' : `Not being sent since ${exact(to)}. `;
  const rate = rate_per_second === null ? 'no rate of its own' : `its rate is ${rate_per_second} a second`;
  const average = `${counted(mails, 'mail')} in ${counted(seconds, 'second')}, ${per_second} a second on average`;
  return [`${begun}Launched on ${exact(from)}: ${average}; ${rate}.`];
}

function uncertainLines({ id, stats }: CampaignResponse, recipients: readonly UncertainRecipient[]): string[] {
  const lines = recipients.map(({ email, class: why, reply }) => {
    return `${email ?? 'an erased person'}: ${why}${reply === null ? '' : `, "${reply}"`}`;
  });
  const all = `all ${stats.uncertain}: GET /campaigns/${id}/recipients?status=uncertain`;
  return stats.uncertain > recipients.length ? [...lines, all] : lines;
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
