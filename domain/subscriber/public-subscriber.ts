import { timestamp } from '../timestamp.js';
import type { Consent } from './confirmation.js';
import type { Attributes, SubscriberStatus } from './subscriber.js';

/** The stored fields of a person that callers see. */
interface Person {
  readonly _id: number;
  readonly list_id: number;
  readonly email: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly status: SubscriberStatus;
  readonly attributes: Attributes;
  readonly tags: readonly string[];
  readonly source: string;
  readonly consent?: Consent;
  readonly subscribed_at: Date;
  readonly unsubscribed_at: Date | null;
}

/** A subscriber as in responses and webhooks. */
export function publicSubscriber(row: Person, suppressed: boolean) {
  const { _id: id, list_id, email, first_name, last_name, status, attributes, source, consent } = row;
  return {
    id,
    list_id,
    email,
    first_name,
    last_name,
    status,
    suppressed,
    attributes,
    tags: [...row.tags],
    source,
    ...(consent && { consent: publicConsent(consent) }),
    subscribed_at: timestamp(row.subscribed_at),
    unsubscribed_at: row.unsubscribed_at === null ? null : timestamp(row.unsubscribed_at),
  };
}

export type PublicSubscriber = ReturnType<typeof publicSubscriber>;

function publicConsent({ at, confirmed_at, ...from }: Consent) {
  return { ...from, at: timestamp(at), confirmed_at: confirmed_at === null ? null : timestamp(confirmed_at) };
}
