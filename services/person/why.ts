import { type CampaignAnswer, campaignAnswer } from '../../domain/person/campaign-answer.js';
import type { CampaignFacts, EndedHold, SubscriberFacts, SuppressionFacts } from '../../domain/person/facts.js';
import { type MessageAnswer, messageAnswer } from '../../domain/person/message-answer.js';
import type { SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import { SUBSCRIBER_STATUSES } from '../../domain/subscriber/subscriber.js';
import type { Campaign } from '../../store/campaigns/row.js';
import type { Event } from '../../store/events/events.js';
import type { Message } from '../../store/messages/row.js';
import type { Subscriber } from '../../store/subscribers/row.js';
import type { Suppression } from '../../store/suppressions/suppressions.js';
import { NO_REACTIONS } from '../../store/tracking/reactions.js';
import { type CampaignWaitingStores, campaignsWaiting } from '../waiting/campaigns-waiting.js';
import { messagesWaiting } from '../waiting/messages-waiting.js';
import type { PersonStores } from './person.js';

/** Events that carry the status of a subscriber at their time. */
const STATUS_EVENTS = ['created', 'pending', 'reactivated', 'unsubscribed', 'bounced', 'complained', 'unconfirmed'].map(
  (what) => `subscriber.${what}`,
);

export type WhyStores = PersonStores & CampaignWaitingStores;

/** What the reader may know of the person, beside the campaign. */
export interface AskedAbout {
  readonly emailKey: string;
  /** Without evidence where the reader may not see it. */
  readonly suppression: Suppression | null;
}

/** Why this campaign did or did not reach a person. */
export async function whyCampaign(
  stores: WhyStores,
  campaign: Campaign,
  { emailKey, suppression }: AskedAbout,
): Promise<CampaignAnswer> {
  const { account, _id, launch, round, list_id } = campaign;
  const row = await stores.subscribers.onList(account, list_id, emailKey);
  // In this order: where the chain is complete, a person without a page will not get one.
  const end = round < 0 ? null : await stores.rounds.chainEnd({ account, campaign: _id, launch, round: 0 });
  const recipient = row === null || round < 0 ? undefined : await stores.recipients.find(campaign, row._id);
  const facts = campaignFacts(campaign, audienceOf(campaign, end));
  const [reactions, status, waiting, held] = await Promise.all([
    row === null ? undefined : stores.reactions.toCampaigns(account, [_id], [row._id]),
    row === null || recipient !== undefined ? null : statusBefore(stores, row, facts.frozen_at),
    campaignsWaiting(stores, account, [campaign]),
    stores.events.lastResumed(account, _id, launch),
  ]);
  const { bounced, complained } = reactions?.get(_id) ?? NO_REACTIONS;
  return campaignAnswer({
    campaign: facts,
    subscriber: row && subscriberFacts(row),
    recipient: recipient ?? null,
    bounced,
    complained,
    waiting: waiting.get(_id) ?? null,
    held: endedHold(held),
    suppression: suppressionFacts(suppression),
    erased: suppression !== null && suppression.email_key === undefined,
    status_at_freeze: status,
  });
}

/** Why this message did or did not reach its recipient. */
export async function whyMessage(stores: WhyStores, message: Message, at: Date): Promise<MessageAnswer> {
  const { account, _id } = message;
  const [reactions, waiting, holds] = await Promise.all([
    stores.reactions.toMessages(account, [_id]),
    messagesWaiting(stores, account, [message]),
    stores.events.ofMessage(account, _id, ['message.held'], MOST_HOLDS),
  ]);
  const { bounced, complained } = reactions.get(_id) ?? NO_REACTIONS;
  const held = holdBeforeAttempt(message, holds.at(-1));
  return messageAnswer({ ...message, bounced, complained, waiting: waiting.get(_id) ?? null, held }, at);
}

/** A message has at most one for each attempt. */
const MOST_HOLDS = 100;

/** The attempt that follows a hold has ended it. */
function holdBeforeAttempt({ attempts }: Message, hold: Event | undefined): EndedHold | null {
  const { attempt, reason } = hold?.data ?? {};
  const ending = attempts.find(({ n }) => n >= Number(attempt));
  if (hold === undefined || ending === undefined) return null;
  return { from: hold.at, to: new Date(ending.at), reason: String(reason) };
}

function endedHold(resumed: Event | null): EndedHold | null {
  const { since, reason } = resumed?.data ?? {};
  if (resumed === null || typeof since !== 'string') return null;
  return { from: new Date(since), to: resumed.at, reason: String(reason) };
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
