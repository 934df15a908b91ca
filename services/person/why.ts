import { type CampaignAnswer, campaignAnswer } from '../../domain/person/campaign-answer.js';
import type { CampaignFacts, SubscriberFacts, SuppressionFacts } from '../../domain/person/facts.js';
import { type MessageAnswer, messageAnswer } from '../../domain/person/message-answer.js';
import type { SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import { SUBSCRIBER_STATUSES } from '../../domain/subscriber/subscriber.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Message } from '../../store/messages/row.js';
import type { Subscriber } from '../../store/subscribers/row.js';
import type { Suppression } from '../../store/suppressions/suppressions.js';
import { NO_REACTIONS } from '../../store/tracking/reactions.js';
import type { PersonStores } from './person.js';

/** Events that carry the status of a subscriber at their time. */
const STATUS_EVENTS = ['created', 'pending', 'reactivated', 'unsubscribed', 'bounced', 'complained', 'unconfirmed'].map(
  (what) => `subscriber.${what}`,
);

/** What the reader may know of the person, beside the campaign. */
export interface AskedAbout {
  readonly emailKey: string;
  /** Without evidence where the reader may not see it. */
  readonly suppression: Suppression | null;
}

/** Why this campaign did or did not reach a person. */
export async function whyCampaign(
  stores: PersonStores,
  campaign: Campaign,
  { emailKey, suppression }: AskedAbout,
): Promise<CampaignAnswer> {
  const { account, _id, launch, round, list_id } = campaign;
  const row = await stores.subscribers.onList(account, list_id, emailKey);
  // In this order: where the chain is complete, a person without a page will not get one.
  const end = round < 0 ? null : await stores.rounds.chainEnd({ account, campaign: _id, launch, round: 0 });
  const recipient = row === null || round < 0 ? undefined : await stores.recipients.find(campaign, row._id);
  const facts = campaignFacts(campaign, audienceOf(campaign, end));
  const [reactions, status] = await Promise.all([
    row === null ? undefined : stores.reactions.toCampaigns(account, [_id], [row._id]),
    row === null || recipient !== undefined ? null : statusBefore(stores, row, facts.frozen_at),
  ]);
  const { bounced, complained } = reactions?.get(_id) ?? NO_REACTIONS;
  return campaignAnswer({
    campaign: facts,
    subscriber: row && subscriberFacts(row),
    recipient: recipient ?? null,
    bounced,
    complained,
    suppression: suppressionFacts(suppression),
    erased: suppression !== null && suppression.email_key === undefined,
    status_at_freeze: status,
  });
}

/** Why this message did or did not reach its recipient. */
export async function whyMessage(stores: PersonStores, message: Message, at: Date): Promise<MessageAnswer> {
  const reactions = await stores.reactions.toMessages(message.account, [message._id]);
  const { bounced, complained } = reactions.get(message._id) ?? NO_REACTIONS;
  return messageAnswer({ ...message, bounced, complained }, at);
}

const HOUR = 3_600_000;

function audienceOf(
  { state, round }: Campaign,
  end: Awaited<ReturnType<PersonStores['rounds']['chainEnd']>>,
): CampaignFacts['audience'] {
  if (round < 0) return 'none';
  if (end?.last === true && !(end.cut && state === 'cancelled')) return 'complete';
  return state === 'cancelled' ? 'cut' : 'growing';
}

function campaignFacts(row: Campaign, audience: CampaignFacts['audience']): CampaignFacts {
  const { state, reason, list_id, round, rounds, settings, scheduled_at, launched_at } = row;
  const last = rounds[round];
  return {
    ...{ state, reason, list_id, scheduled_at, on_uncertain: settings.on_uncertain },
    frozen_at: rounds[0]?.due ?? null,
    audience,
    last_round: last === undefined ? null : { n: round, due: last.due },
    tried_until: launched_at === null ? null : new Date(launched_at.getTime() + settings.ttl_hours * HOUR),
  };
}

function subscriberFacts(row: Subscriber): SubscriberFacts {
  const { status, created_at, subscribed_at, unsubscribed_at, left_at, consent } = row;
  const confirmed_at = consent?.confirmed_at ?? null;
  return { status, created_at, subscribed_at, unsubscribed_at, left_at: left_at ?? null, confirmed_at };
}

function suppressionFacts(row: Suppression | null): SuppressionFacts | null {
  return row && { reason: row.reason, evidence: row.evidence, since: row.created_at };
}

/** The status that the last event before a time gave a subscriber; null where no event tells it. */
async function statusBefore(
  { events }: PersonStores,
  { account, _id }: Subscriber,
  at: Date | null,
): Promise<SubscriberStatus | null> {
  const last = at === null ? null : await events.lastAbout(account, _id, STATUS_EVENTS, at);
  return SUBSCRIBER_STATUSES.find((status) => status === last?.data?.['status']) ?? null;
}
