import { readable } from '../timestamp.js';
import { type CampaignFacts, type SubscriberFacts, type SuppressionFacts, sinceSuppressed } from './facts.js';

interface ExcludedPerson {
  readonly campaign: Pick<CampaignFacts, 'frozen_at'>;
  readonly subscriber: SubscriberFacts;
  readonly suppression: SuppressionFacts | null;
  readonly status_at_freeze: SubscriberFacts['status'] | null;
}

/**
 * Why a person of the list has no place in the audience. The freeze stores numbers and no names, so the reason is read from
 * dates and events; where they do not tell it, the sentence says so.
 */
export function exclusionSentence({ campaign, ...person }: ExcludedPerson): string {
  const { frozen_at } = campaign;
  const reason = frozen_at === null ? undefined : reasonThen(person, frozen_at);
  const unknown = `the reason is no longer recorded (status now: ${person.subscriber.status})`;
  return `Excluded at the freeze${frozen_at === null ? '' : ` on ${readable(frozen_at)}`}: ${reason ?? unknown}.`;
}

type Person = Omit<ExcludedPerson, 'campaign'>;

function reasonThen(person: Person, at: Date): string | undefined {
  return statusByDates(person, at) ?? statusByEvents(person, at) ?? suppressedThen(person, at);
}

/** A status other than active at that time, as the dates of the row show it. */
function statusByDates({ subscriber, status_at_freeze }: Person, at: Date): string | undefined {
  const { status, unsubscribed_at, left_at, subscribed_at, confirmed_at } = subscriber;
  if (status === 'unsubscribed' && unsubscribed_at !== null && unsubscribed_at <= at) {
    return `unsubscribed since ${readable(unsubscribed_at)}`;
  }
  if (left_at !== null && left_at <= at && subscribed_at > at) {
    return `had unsubscribed on ${readable(left_at)}, and came back on ${readable(subscribed_at)}`;
  }
  if (confirmed_at !== null && confirmed_at > at) {
    return `had not confirmed the subscription yet (pending); confirmed on ${readable(confirmed_at)}`;
  }
  return status === 'pending' && status_at_freeze !== 'active' ? UNCONFIRMED : undefined;
}

const UNCONFIRMED = 'had not confirmed the subscription (pending)';

/** The same as the last event before that time tells it. */
function statusByEvents({ suppression, status_at_freeze }: Person, at: Date): string | undefined {
  if (status_at_freeze === null || status_at_freeze === 'active') return undefined;
  const isReported = status_at_freeze === 'bounced' || status_at_freeze === 'complained';
  const suppressed = isReported ? suppressedThen({ suppression }, at) : undefined;
  // The campaign counts a person under the status, suppressed or not.
  return suppressed === undefined ? STATUSES[status_at_freeze] : `${suppressed}, counted as ${status_at_freeze}`;
}

const STATUSES = {
  unsubscribed: 'was unsubscribed',
  pending: UNCONFIRMED,
  bounced: 'the address had bounced',
  complained: 'the person had complained',
} as const;

function suppressedThen({ suppression }: Pick<Person, 'suppression'>, at: Date): string | undefined {
  return suppression !== null && suppression.since <= at ? sinceSuppressed(suppression) : undefined;
}
