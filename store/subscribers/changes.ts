import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import {
  mayComeBack,
  merged,
  type SubscriberFields,
  type SubscriberRequest,
  sameFields,
  tooLarge,
} from '../../domain/subscriber/subscriber.js';
import { type Events, events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { foreignOrMissing } from '../mongo/ownership.js';
import { inTransaction } from '../mongo/transaction.js';
import { capacity } from '../quotas/capacity.js';
import { restoreErasedAddresses } from '../suppressions/suppressions.js';
import { type EventCause, newRow, type Subscriber, subscriberEvent } from './row.js';

export interface SubscribeRequest {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly ip: string | null;
  readonly subscriber: SubscriberRequest;
  /** False: a person who unsubscribed stays unsubscribed. True if absent. */
  readonly reactivate?: boolean;
}

export type SubscribeResult =
  | { readonly kind: 'created' | 'reactivated' | 'updated' | 'unchanged'; readonly subscriber: Subscriber }
  | { readonly kind: 'too_large'; readonly field: 'attributes' | 'tags' };

/** One person at a time. A row and its event are written in one transaction. */
export function subscriberChanges(store: Store) {
  const context = changeContext(store);
  return {
    /** Adds a person to a list, or reactivates them. Atomic: one transaction. */
    subscribe: (request: SubscribeRequest): Promise<SubscribeResult> => subscribe(context, request),

    /** Changes the fields of a person; tags are replaced. Atomic: one transaction. */
    change: (account: number, id: number, fields: SubscriberFields): Promise<SubscribeResult | 'missing' | 'foreign'> =>
      change(context, account, id, fields),
  };
}

async function subscribe(
  context: ChangeContext,
  { subscriber: request, reactivate = true, ...row }: SubscribeRequest,
): Promise<SubscribeResult> {
  const { account, list } = row;
  const capacityOf = capacity(context.store.db);
  const cap = await capacityOf.capOf(account, 'subscribers');
  const result = await inTransaction(context.store, async (session): Promise<SubscribeResult> => {
    const person = await context.rows.findOne({ list_id: list, email_key: request.email_key, account }, { session });
    if (person !== null) return resubscribe(context, session, person, { request, reactivate });
    const subscriber = newRow(row, request, await counters(context.store).block('subscribers'), row.ip);
    const field = tooLarge(subscriber);
    if (field !== undefined) return { kind: 'too_large', field };
    if (cap !== null) await capacityOf.takeOne(session, cap);
    await context.rows.insertOne(subscriber, { session });
    await appendEvent(context, session, 'subscriber.created', subscriber);
    return { kind: 'created', subscriber };
  });
  if (result.kind === 'created') await restoreErasedAddresses(context.store, account, [request.email_key]);
  return result;
}

/**
 * Reactivates unsubscribed people unless the caller forbids it, and pending ones; bounced and complained ones stay.
 */
async function resubscribe(
  context: ChangeContext,
  session: ClientSession,
  person: Subscriber,
  { request, reactivate }: { readonly request: SubscriberRequest; readonly reactivate: boolean },
): Promise<SubscribeResult> {
  const fields = merged(person, request);
  const field = tooLarge(fields);
  if (field !== undefined) return { kind: 'too_large', field };
  const back = mayComeBack(person, reactivate);
  if (!back && sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
  const at = now();
  const again = { status: 'active' as const, subscribed_at: at, unsubscribed_at: null };
  const subscriber: Subscriber = { ...person, ...fields, ...(back && again), updated_at: at };
  if (!back) await rewrite(context, session, 'subscriber.updated', subscriber);
  else if (person.unsubscribed_at === null) await rewrite(context, session, 'subscriber.created', subscriber);
  else await rewrite(context, session, 'subscriber.reactivated', subscriber);
  return { kind: back ? 'reactivated' : 'updated', subscriber };
}

function change(context: ChangeContext, account: number, id: number, request: SubscriberFields) {
  return inTransaction(context.store, async (session): Promise<SubscribeResult | 'missing' | 'foreign'> => {
    const person = await context.rows.findOne({ _id: id }, { session });
    if (person === null) return 'missing';
    if (person.account !== account) return foreignOrMissing(context.rows, account, person.account);
    const fields = merged(person, request, 'replace');
    const field = tooLarge(fields);
    if (field !== undefined) return { kind: 'too_large', field };
    if (sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
    const subscriber: Subscriber = { ...person, ...fields, updated_at: now() };
    await rewrite(context, session, 'subscriber.updated', subscriber);
    return { kind: 'updated', subscriber };
  });
}

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
