import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { type Events, events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { type EventCause, type Subscriber, subscriberEvent } from './row.js';

/** The targets of a change in one transaction: the row and its event. */
export interface ChangeContext {
  readonly store: Store;
  readonly rows: Collection<Subscriber>;
  readonly eventLog: Events;
}

export function changeContext(store: Store): ChangeContext {
  return { store, rows: store.db.collection<Subscriber>('subscribers'), eventLog: events(store) };
}

/** Writes the whole row and appends its event. */
export async function rewrite(
  context: ChangeContext,
  session: ClientSession,
  type: string,
  subscriber: Subscriber,
  cause: EventCause = {},
): Promise<void> {
  const { _id, account, ...fields } = subscriber;
  await context.rows.updateOne({ _id, account }, { $set: fields }, { session });
  await appendEvent(context, session, type, subscriber, cause);
}

export async function appendEvent(
  { eventLog }: ChangeContext,
  session: ClientSession,
  type: string,
  subscriber: Subscriber,
  cause: EventCause = {},
): Promise<void> {
  await eventLog.append([subscriberEvent(type, subscriber, cause)], now(), session);
}
