import { publicSubscriber } from '../domain/subscriber/public-subscriber.js';
import type { CampaignSummary, EventPayload, MessageSummary } from '../domain/webhook/event-payload.js';
import type { Campaigns } from '../store/campaigns/campaigns.js';
import type { Recipients } from '../store/campaigns/recipients.js';
import type { StoredEvent } from '../store/events/events.js';
import type { Contents } from '../store/messages/contents.js';
import type { Messages } from '../store/messages/messages.js';
import type { Message } from '../store/messages/row.js';
import type { Subscribers } from '../store/subscribers/subscribers.js';
import type { Suppressions } from '../store/suppressions/suppressions.js';

/** The stores of the rows that events are about. */
export interface EventPayloadDeps {
  readonly campaigns: Campaigns;
  readonly recipients: Recipients;
  readonly subscribers: Subscribers;
  readonly suppressions: Suppressions;
  readonly messages: Messages;
  readonly contents: Contents;
}

/** Adds to events the rows they are about, with one query for each collection. `withSender` reads the senders of messages too. */
export async function eventPayloadsOf(
  deps: EventPayloadDeps,
  account: number,
  events: readonly StoredEvent[],
  withSender: boolean,
): Promise<EventPayload[]> {
  const [subscribers, messages, campaigns] = await Promise.all([
    subscribersIn(deps, account, events),
    messagesIn(deps, account, events, withSender),
    campaignsIn(deps, account, events),
  ]);
  return events.map(({ public_id: id, type, at, data = {}, campaign: campaignId, subscriber: subscriberId }) => {
    const campaign = type.startsWith('campaign.') ? campaigns.get(campaignId ?? 0) : undefined;
    const subscriber = subscribers.get(subscriberId ?? 0);
    const { summary: message, traceparent } = messages.get(String(data['message'])) ?? {};
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
      ...(traceparent !== undefined && { traceparent }),
    };
  });
}

function distinct<T>(found: readonly (T | undefined)[]): T[] {
  return [...new Set(found)].filter((one) => one !== undefined);
}

async function subscribersIn(deps: EventPayloadDeps, account: number, events: readonly StoredEvent[]) {
  const ids = distinct(events.map(({ subscriber }) => subscriber));
  const rows = ids.length === 0 ? [] : await deps.subscribers.findMany(account, ids);
  const suppressed = await deps.suppressions.among(
    account,
    rows.map(({ email_key }) => email_key),
  );
  return new Map(rows.map((row) => [row._id, publicSubscriber(row, suppressed.has(row.email_key))]));
}

async function messagesIn(
  deps: EventPayloadDeps,
  account: number,
  events: readonly StoredEvent[],
  withSender: boolean,
) {
  const ids = distinct(events.map(({ data }) => data?.['message'])).map(String);
  const rows = ids.length === 0 ? [] : await deps.messages.findMany(account, ids);
  const senders = new Map<string, string>();
  for (const row of withSender ? rows : []) {
    senders.set(row._id, (await deps.contents.find(row))?.from.email ?? '');
  }
  return new Map(
    rows.map(({ traceparent, ...row }) => [
      row._id,
      { summary: messageDataOf(row, senders.get(row._id)), traceparent },
    ]),
  );
}

function messageDataOf(row: Message, from: string | undefined): MessageSummary {
  const { _id: id, number, to, subject, tags, metadata, state, created_at } = row;
  const sent = row.attempts.find(({ outcome }) => outcome === 'sent');
  const sent_at = sent === undefined ? null : new Date(sent.at);
  const fields = { id, number, to: to.email, subject, tags: [...tags], metadata, state, created_at, sent_at };
  return { ...fields, ...(from !== undefined && { from }) };
}

/** Only for events about a campaign as a whole, which are few. */
async function campaignsIn(deps: EventPayloadDeps, account: number, events: readonly StoredEvent[]) {
  const whole = events.filter(({ type }) => type.startsWith('campaign.'));
  const found = new Map<number, CampaignSummary>();
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
