import { randomUUID } from 'node:crypto';
import type { UpdateFilter } from 'mongodb';
import { now } from '../../clock.js';
import type { Consent } from '../../domain/subscriber/confirmation.js';
import {
  type KnownFields,
  merged,
  NO_FIELDS,
  type SubscriberRequest,
  type SubscriberStatus,
} from '../../domain/subscriber/subscriber.js';
import { timestamp } from '../../domain/timestamp.js';
import type { Event } from '../events/events.js';

/** One person on one list. */
export interface Subscriber extends KnownFields {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  /** In the caller's spelling. */
  readonly email: string;
  /** Identity of the address: unique on a list, and the key of suppressions. */
  readonly email_key: string;
  readonly status: SubscriberStatus;
  /** The origin of the row: `api`, `batch`, `import:<id>` … */
  readonly source: string;
  readonly ip: string | null;
  /** Present if the subscription was confirmed by mail. */
  readonly consent?: Consent;
  readonly subscribed_at: Date;
  readonly unsubscribed_at: Date | null;
  /** When they last unsubscribed, also if they came back since; absent: never. */
  readonly left_at?: Date;
  /** When the suppression of their address was last released; absent: never. */
  readonly released_at?: Date;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The active row for a request. */
export function newRow(
  { account, list, source }: { readonly account: number; readonly list: number; readonly source: string },
  request: SubscriberRequest,
  id: number,
  ip: string | null = null,
): Subscriber {
  const at = now();
  const { email, email_key } = request;
  const dates = { subscribed_at: at, unsubscribed_at: null, created_at: at, updated_at: at };
  const identity = { _id: id, account, list_id: list, email, email_key };
  return { ...identity, ...merged(NO_FIELDS, request), status: 'active', source, ip, ...dates };
}

/**
 * Only the changed fields, so that two writers of different fields do not overwrite each other. `more` is set with
 * them.
 */
export function changesBetween(old: KnownFields, row: KnownFields, more: object = {}) {
  const { first_name, last_name } = row;
  const changed = Object.entries(row.attributes).filter(([name, value]) => old.attributes[name] !== value);
  const removed = Object.keys(old.attributes).filter((name) => !Object.hasOwn(row.attributes, name));
  const path = (name: string) => `attributes.${name}`;
  return {
    $set: {
      ...(first_name !== old.first_name && { first_name }),
      ...(last_name !== old.last_name && { last_name }),
      ...Object.fromEntries(changed.map(([name, value]) => [path(name), value])),
      ...more,
      updated_at: now(),
    },
    $addToSet: { tags: { $each: [...row.tags] } },
    ...(removed.length > 0 && { $unset: Object.fromEntries(removed.map((name) => [path(name), 1])) }),
  } as UpdateFilter<Subscriber>;
}

/** The cause of a subscriber's event. */
export interface EventCause {
  readonly by?: string;
  readonly campaign?: number;
  /** Id of an event that happens at most once. */
  readonly once?: string;
}

/**
 * Events name the row, with its status and dates at this moment. They contain no personal data, so that an erasure need not
 * change them.
 */
export function subscriberEvent(
  type: string,
  { _id, account, list_id, status, ...row }: Subscriber,
  { campaign, once = randomUUID(), ...cause }: EventCause = {},
): Omit<Event, 'at'> {
  const dates = {
    subscribed_at: timestamp(row.subscribed_at),
    unsubscribed_at: row.unsubscribed_at === null ? null : timestamp(row.unsubscribed_at),
  };
  const event = { _id: once, account, type, subscriber: _id, data: { list_id, status, ...dates, ...cause } };
  return { ...event, ...(campaign !== undefined && { campaign }) };
}
