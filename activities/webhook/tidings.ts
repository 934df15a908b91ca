import { shownSubscriber } from '../../domain/subscriber-shown.js';
import type { CampaignTold, MessageTold, Tidings } from '../../domain/webhook/tidings.js';
import type { Campaigns } from '../../store/campaigns.js';
import type { Contents } from '../../store/contents.js';
import type { StoredEvent } from '../../store/events.js';
import type { Messages } from '../../store/messages.js';
import type { Message } from '../../store/messages-row.js';
import type { Recipients } from '../../store/recipients.js';
import type { Subscribers } from '../../store/subscribers.js';
import type { Suppressions } from '../../store/suppressions.js';

export interface TidingsDeps {
  readonly campaigns: Pick<Campaigns, 'find'>;
  readonly recipients: Pick<Recipients, 'totals'>;
  readonly subscribers: Pick<Subscribers, 'some'>;
  readonly suppressions: Pick<Suppressions, 'among'>;
  readonly messages: Pick<Messages, 'some'>;
  readonly contents: Pick<Contents, 'find'>;
}

/** Events with what they are about, read for many at once. `withSender`: the message's sender is wanted as well. */
export async function tidingsOf(
  deps: TidingsDeps,
  account: number,
  events: readonly StoredEvent[],
  withSender: boolean,
): Promise<Tidings[]> {
  const [people, letters, campaigns] = await Promise.all([
    peopleIn(deps, account, events),
    messagesIn(deps, account, events, withSender),
    campaignsIn(deps, account, events),
  ]);
  return events.map(({ evt: id, type, at, data = {}, campaign: campaignId, subscriber: subscriberId }) => {
    const campaign = type.startsWith('campaign.') ? campaigns.get(campaignId ?? 0) : undefined;
    const subscriber = people.get(subscriberId ?? 0);
    const message = letters.get(String(data['message']));
    return {
      id,
      type,
      at,
      data,
      ...(campaignId !== undefined && { campaignId }),
      ...(subscriberId !== undefined && { subscriberId }),
      ...(campaign && { campaign }),
      ...(subscriber && { subscriber }),
      ...(message && { message }),
    };
  });
}

function distinct<T>(found: readonly (T | undefined)[]): T[] {
  return [...new Set(found)].filter((one) => one !== undefined);
}

async function peopleIn(deps: TidingsDeps, account: number, events: readonly StoredEvent[]) {
  const ids = distinct(events.map(({ subscriber }) => subscriber));
  const rows = ids.length === 0 ? [] : await deps.subscribers.some(account, ids);
  const suppressed = await deps.suppressions.among(
    account,
    rows.map(({ email_key }) => email_key),
  );
  return new Map(rows.map((row) => [row._id, shownSubscriber(row, suppressed.has(row.email_key))]));
}

async function messagesIn(deps: TidingsDeps, account: number, events: readonly StoredEvent[], withSender: boolean) {
  const ids = distinct(events.map(({ data }) => data?.['message'])).map(String);
  const rows = ids.length === 0 ? [] : await deps.messages.some(account, ids);
  const senders = new Map<string, string>();
  for (const hash of withSender ? distinct(rows.map(({ content }) => content)) : []) {
    senders.set(hash, (await deps.contents.find(account, hash))?.from.email ?? '');
  }
  return new Map(rows.map((row) => [row._id, messageTold(row, senders.get(row.content))]));
}

function messageTold(row: Message, from: string | undefined): MessageTold {
  const { _id: id, number, to, subject, tags, metadata, state, created_at } = row;
  const sent = row.attempts.find(({ outcome }) => outcome === 'sent');
  const sent_at = sent === undefined ? null : new Date(sent.at);
  const told = { id, number, to: to.email, subject, tags: [...tags], metadata, state, created_at, sent_at };
  return { ...told, ...(from !== undefined && { from }) };
}

/** Only for the few events that are about a campaign as a whole. */
async function campaignsIn(deps: TidingsDeps, account: number, events: readonly StoredEvent[]) {
  const whole = events.filter(({ type }) => type.startsWith('campaign.'));
  const found = new Map<number, CampaignTold>();
  for (const id of distinct(whole.map(({ campaign }) => campaign))) {
    const row = await deps.campaigns.find(account, id);
    if (row === null) continue;
    const { sent, failed, uncertain } = await deps.recipients.totals(account, id);
    const { subject, state, list_id, recipient_count } = row;
    const counts = { recipient_count, emails_sent: sent, emails_failed: failed, emails_uncertain: uncertain };
    found.set(id, { id, subject, state, list_id, ...counts });
  }
  return found;
}
