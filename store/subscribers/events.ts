import { randomUUID } from 'node:crypto';
import type { Event } from '../events/events.js';
import type { Subscriber } from './subscribers.js';

/** Why something happened to a subscriber. */
export interface EventCause {
  readonly by?: string;
  readonly campaign?: number;
  /** Id of an event that cannot happen twice. */
  readonly once?: string;
}

/** Events name the row and hold nothing of the person, so that erasing a row erases the person. */
export function subscriberEvent(
  type: string,
  { _id, account, list_id, status }: Subscriber,
  { campaign, once = randomUUID(), ...cause }: EventCause = {},
): Omit<Event, 'at'> {
  const happened = { _id: once, account, type, subscriber: _id, data: { list_id, status, ...cause } };
  return { ...happened, ...(campaign !== undefined && { campaign }) };
}
