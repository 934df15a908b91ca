import type { EventResponse } from '../../api/routes/events/schema.js';
import { eventDeliveries, eventView } from '../../api/routes/events/view.js';
import { failingWebhookView } from '../../api/routes/status.js';
import { now } from '../../clock.js';
import type { Config } from '../../config.js';
import { typesOf, unknownTypeSentence } from '../../domain/event-types.js';
import { timeIn } from '../../domain/timestamp.js';
import { failingWebhooks } from '../../services/waiting/failing-webhooks.js';
import type { EventQuery } from '../../store/events/event-pages.js';
import { type Stores, stores } from '../../store/stores.js';
import { withOpenStore } from '../keys.js';
import { COUNTED, matchesOf, matchLines } from './event-matches.js';
import { counted, exact, print } from './lines.js';
import { lastFailureOf, type StoryOptions } from './status.js';

export interface EventsOptions extends StoryOptions {
  /** `03:12`, or a date and time, in UTC: its minute. */
  readonly at?: string;
  /** A type, or `campaign.*`. */
  readonly type?: string;
  readonly campaign?: number;
  /** The UUID of a message. */
  readonly message?: string;
  readonly limit: number;
}

/** `everpost events`: the latest events that match, in order, with their deliveries to webhooks, and how many matched. */
export async function events(config: Config, options: EventsOptions): Promise<number> {
  const query = queryOf(options);
  if (typeof query === 'string') {
    console.error(query);
    return 2;
  }
  return withOpenStore(config, async (store) => {
    // None of the answers needs a sealed value.
    const nouns = stores(store, { secret: '' });
    const { account, json } = options;
    await nouns.eventLog.assignSequences(account);
    const found = (await nouns.eventLog.page(account, query)).toReversed();
    const unknown = found.length === 0 ? await unknownSubject(nouns, options) : undefined;
    if (unknown !== undefined) {
      console.error(unknown);
      return 1;
    }
    const types = await nouns.eventLog.countByType(account, query, COUNTED);
    const deliveries = await eventDeliveries(nouns, account, found);
    const data = found.map((event) => eventView(event, deliveries));
    const meta = matchesOf(data.length, types);
    const failing = await failingWebhooks(nouns, account, now());
    const webhooks = new Map(failing.map((webhook) => [webhook.endpoint._id, failingWebhookView(webhook)]));
    const lines = data.flatMap((event) => storyOf(event, webhooks));
    const story = data.length === 0 ? ['No such event.'] : [...lines, ...matchLines(meta)];
    print({ data, meta }, story, json);
    return 0;
  });
}

/** A sentence, where the events of something are asked for that the account does not have; deleted things may have events. */
async function unknownSubject(
  { campaigns, messages }: Pick<Stores, 'campaigns' | 'messages'>,
  { account, campaign, message }: EventsOptions,
): Promise<string | undefined> {
  if (campaign !== undefined && typeof (await campaigns.owned(account, campaign)) === 'string') {
    return `Account ${account} has no campaign ${campaign}.`;
  }
  if (message !== undefined && typeof (await messages.owned(account, message.toLowerCase())) === 'string') {
    return `Account ${account} has no message ${message}: everpost why <email> names the messages to an address.`;
  }
  return undefined;
}

/** A text: what is wrong with the options. */
function queryOf({ at, type, campaign, message, limit }: EventsOptions): EventQuery | string {
  const from = at === undefined ? undefined : minuteOf(at, now());
  if (at !== undefined && from === undefined) return `${at} is no time: use 03:12 or 2026-05-15T03:12, in UTC.`;
  const types = type === undefined ? undefined : typesOf(type);
  if (type !== undefined && types?.length === 0) return unknownTypeSentence(type);
  return {
    ...{ limit, descending: true },
    ...(types !== undefined && { types }),
    ...(from !== undefined && { from, to: new Date(from.getTime() + MINUTE) }),
    ...(campaign !== undefined && { campaign }),
    ...(message !== undefined && { message: message.toLowerCase() }),
  };
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The beginning of a minute; a time without a date is the last such time. Undefined: no time. */
function minuteOf(text: string, at: Date): Date | undefined {
  const isClock = /^\d{1,2}:\d{2}$/.test(text);
  const time = timeIn(isClock ? `${at.toISOString().slice(0, 10)}T${text.padStart(5, '0')}` : text);
  if (time === undefined) return undefined;
  const minute = Math.floor(time.getTime() / MINUTE) * MINUTE;
  return new Date(isClock && minute > at.getTime() ? minute - DAY : minute);
}

type WebhookResponse = ReturnType<typeof failingWebhookView>;
type FailingWebhooks = ReadonlyMap<number, WebhookResponse>;

function storyOf(event: EventResponse, webhooks: FailingWebhooks): string[] {
  const { id, type, created_at, campaign_id, subscriber_id, message_id, data, deliveries = [] } = event;
  const of = [
    campaign_id === null ? '' : `campaign ${campaign_id}`,
    subscriber_id === null ? '' : `subscriber ${subscriber_id}`,
    message_id === null ? '' : `message ${message_id}`,
  ].filter(Boolean);
  const about = of.length === 0 ? '' : `, ${of.join(', ')}`;
  const more = Object.keys(data).length === 0 ? '' : ` ${JSON.stringify(data)}`;
  const lines = deliveries.map((delivery) => deliveryLine(delivery, webhooks.get(delivery.webhook_id)));
  return [`${exact(created_at)}  ${type}${about}  ${id}${more}`, ...lines];
}

function deliveryLine(
  delivery: NonNullable<EventResponse['deliveries']>[number],
  webhook: WebhookResponse | undefined,
): string {
  const { webhook_id, state, attempts, last_attempt_at, status, error, next_attempt_at, events_ahead } = delivery;
  if (events_ahead > 0)
    return `  webhook ${webhook_id}: waits behind ${counted(events_ahead, 'event')}${restOf(webhook)}`;
  const tries =
    last_attempt_at === null ? '' : ` after ${counted(attempts, 'attempt')}, the last on ${exact(last_attempt_at)}`;
  const answer = status === null ? (error ?? '') : `status ${status}`;
  const next = next_attempt_at === null ? '' : `; next attempt on ${exact(next_attempt_at)}`;
  return `  webhook ${webhook_id}: ${state}${tries}${answer === '' ? '' : `: ${answer}`}${next}`;
}

/** ` of this webhook (hooks.acme.example, last status 503), which is tried again on …` */
function restOf(webhook: WebhookResponse | undefined): string {
  if (webhook === undefined) return ' of this webhook, which come to it in order';
  const { host, next_attempt_at } = webhook;
  const about = [host, lastFailureOf(webhook)].filter(Boolean).join(', ');
  const next = next_attempt_at === null ? 'is being tried' : `is tried again on ${exact(next_attempt_at)}`;
  return ` of this webhook (${about}), which ${next}`;
}
