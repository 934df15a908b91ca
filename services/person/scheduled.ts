import { timesAfter } from '../../domain/newsletter/timetable.js';
import type { CampaignSummary } from '../../store/campaigns/reading.js';
import type { Message } from '../../store/messages/row.js';
import type { Newsletter } from '../../store/newsletters/newsletters.js';
import type { Stores } from '../../store/stores.js';
import type { Subscriber } from '../../store/subscribers/row.js';

/** A mail that will be made for the person if nothing changes until its time. */
export type ScheduledMail =
  | { readonly kind: 'campaign'; readonly at: Date; readonly campaign: CampaignSummary }
  | { readonly kind: 'issue'; readonly at: Date; readonly newsletter: Newsletter }
  | { readonly kind: 'message'; readonly at: Date; readonly message: Message };

const MOST = 20;

/**
 * What is scheduled for a person: campaigns and the next issues of newsletters to the lists on which the person is active,
 * and messages. Nothing for a suppressed address.
 */
export async function scheduledMails(
  stores: Pick<Stores, 'campaigns' | 'newsletters' | 'messages'>,
  person: {
    readonly account: number;
    readonly rows: readonly Subscriber[];
    readonly suppressed: boolean;
    /** Undefined: messages are not read. */
    readonly emailKey: string | undefined;
  },
  at: Date,
): Promise<ScheduledMail[]> {
  const { account, rows, suppressed, emailKey } = person;
  if (suppressed) return [];
  const lists = rows.filter(({ status }) => status === 'active').map(({ list_id }) => list_id);
  const [campaigns, newsletters, messages] = await Promise.all([
    stores.campaigns.scheduledTo(account, lists, MOST),
    stores.newsletters.activeOf(account, lists, MOST),
    emailKey === undefined ? [] : stores.messages.scheduledTo(account, emailKey, at, MOST),
  ]);
  const mails: ScheduledMail[] = [
    ...campaigns.map((campaign) => ({ kind: 'campaign' as const, at: campaign.scheduled_at ?? at, campaign })),
    ...newsletters.flatMap((newsletter) => nextIssue(newsletter, at)),
    ...messages.map((message) => ({ kind: 'message' as const, at: message.due, message })),
  ];
  return mails.sort((one, other) => one.at.getTime() - other.at.getTime());
}

/** When the next issue is sent: its lead time after it begins. */
function nextIssue(newsletter: Newsletter, after: Date): ScheduledMail[] {
  const lead = newsletter.lead_seconds * 1_000;
  return timesAfter(newsletter, after, 1).map((begins) => {
    return { kind: 'issue', at: new Date(begins.getTime() + lead), newsletter };
  });
}
