import type { ClientSession, Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import {
  merged,
  RESUBSCRIBABLE,
  type SubscriberFields,
  type SubscriberStatus,
  sameFields,
  tooLarge,
} from '../../domain/subscriber/subscriber.js';
import { deleteRequests } from '../confirmations/row.js';
import { type Events, events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { type Counters, counters } from '../mongo/counters.js';
import { foreignOrMissing } from '../mongo/ownership.js';
import { inTransaction } from '../mongo/transaction.js';
import { capacity } from '../quotas/capacity.js';
import { restoreErasedAddresses, type Suppressions, suppressions } from '../suppressions/suppressions.js';
import { newRow, type SubscriberRequest } from './batches.js';
import { type EventCause, subscriberEvent } from './events.js';
import type { Subscriber } from './subscribers.js';

export interface SubscribeRequest {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly ip: string | null;
  readonly subscriber: SubscriberRequest;
}

export type SubscribeResult =
  | { readonly kind: 'created' | 'reactivated' | 'updated' | 'unchanged'; readonly subscriber: Subscriber }
  | { readonly kind: 'too_large'; readonly field: 'attributes' | 'tags' };

/** Why somebody left, and by which campaign's link. */
export interface UnsubscribeCause {
  readonly by: 'api' | 'link' | 'one_click' | 'preferences' | 'mail';
  readonly campaign?: number;
}

/** One person at a time. A row and its event are written together or not at all. */
export function subscriberChanges(store: Store) {
  const context = contextOf(store);
  return {
    /** Puts a person on a list. Atomic: one transaction for row and event. */
    subscribe: (request: SubscribeRequest): Promise<SubscribeResult> => subscribe(context, request),

    /** Changes what is known of a person; tags are replaced. Atomic: one transaction. */
    change: (account: number, id: number, fields: SubscriberFields): Promise<SubscribeResult | 'missing' | 'foreign'> =>
      change(context, account, id, fields),

    /** Unsubscribes an address from one list or all. Atomic: one transaction; repeating it changes nothing. */
    unsubscribe: (
      account: number,
      emailKey: string,
      list: number | undefined,
      cause: UnsubscribeCause = { by: 'api' },
    ): Promise<number> =>
      unsubscribeMatching(
        context,
        { account, email_key: emailKey, ...(list !== undefined && { list_id: list }) },
        cause,
      ),

    /**
     * Unsubscribes the row a signed link names. The link, not a key, is the authority here, hence no account. Atomic:
     * one transaction; repeating it changes nothing.
     */
    unsubscribeByLink: (id: number, cause: UnsubscribeCause): Promise<number> =>
      unsubscribeMatching(context, { _id: id }, cause),

    /** A hard bounce or a complaint: suppressed first, then marked on every list. Each step atomic, repeatable in whole. */
    suppress: (account: number, emailKey: string, status: SuppressedStatus, evidence: Evidence): Promise<void> =>
      suppress(context, account, emailKey, status, evidence),

    /**
     * Forgets a person on every list. Whoever had left, bounced or complained stays barred by a hash. The bar is put up
     * before the rows go, so that repeating it after a crash finishes it.
     */
    erase: (account: number, emailKey: string): Promise<void> => erase(context, account, emailKey),
  };
}

type SuppressedStatus = 'bounced' | 'complained';

interface Evidence {
  /** Addresses scrubbed. */
  readonly reply: string | null;
  readonly campaign?: number;
}

interface ChangeContext {
  readonly store: Store;
  readonly rows: Collection<Subscriber>;
  readonly ids: Counters;
  readonly eventLog: Events;
  readonly suppressions: Suppressions;
}

function contextOf(store: Store): ChangeContext {
  const rows = store.db.collection<Subscriber>('subscribers');
  return { store, rows, ids: counters(store), eventLog: events(store), suppressions: suppressions(store) };
}

async function subscribe(
  context: ChangeContext,
  { subscriber: request, ...row }: SubscribeRequest,
): Promise<SubscribeResult> {
  const { account, list } = row;
  const capacityOf = capacity(context.store.db);
  const cap = await capacityOf.capOf(account, 'subscribers');
  const result = await inTransaction(context.store, async (session): Promise<SubscribeResult> => {
    const person = await context.rows.findOne({ list_id: list, email_key: request.email_key, account }, { session });
    if (person !== null) return resubscribe(context, session, person, request);
    const subscriber = newRow(row, request, await context.ids.block('subscribers'), row.ip);
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

/** Unsubscribed people come back, as the documents say, and who was asked by mail needs no answer any more; bounced and complained ones stay. */
async function resubscribe(
  context: ChangeContext,
  session: ClientSession,
  person: Subscriber,
  request: SubscriberRequest,
): Promise<SubscribeResult> {
  const fields = merged(person, request);
  const field = tooLarge(fields);
  if (field !== undefined) return { kind: 'too_large', field };
  const back = RESUBSCRIBABLE.includes(person.status);
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

/** Takes everybody the filter finds off their lists; those who left before are not told again. */
function unsubscribeMatching(
  context: ChangeContext,
  filter: Filter<Subscriber>,
  cause: UnsubscribeCause,
): Promise<number> {
  return inTransaction(context.store, async (session) => {
    const found = await context.rows.find({ ...filter, status: { $in: ['active', 'pending'] } }, { session }).toArray();
    const at = now();
    const gone = { status: 'unsubscribed' as const, unsubscribed_at: at, updated_at: at };
    for (const row of found) {
      await rewrite(context, session, 'subscriber.unsubscribed', { ...row, ...gone }, cause);
    }
    return found.length;
  });
}

async function suppress(
  context: ChangeContext,
  account: number,
  emailKey: string,
  status: SuppressedStatus,
  { reply, ...by }: Evidence,
): Promise<void> {
  await context.suppressions.add(account, emailKey, status === 'bounced' ? 'bounce' : 'complaint', reply);
  await inTransaction(context.store, async (session) => {
    // Who has complained stays that, whatever bounces afterwards.
    const final: SubscriberStatus[] = status === 'bounced' ? ['bounced', 'complained'] : ['complained'];
    const open = { account, email_key: emailKey, status: { $nin: final } };
    for (const row of await context.rows.find(open, { session }).toArray()) {
      // Nobody comes back from it: it happens to a row once.
      const once = `subscriber:${row._id}:${status}`;
      await rewrite(context, session, `subscriber.${status}`, { ...row, status, updated_at: now() }, { ...by, once });
    }
  });
}

async function erase(context: ChangeContext, account: number, emailKey: string): Promise<void> {
  const known = { account, email_key: emailKey };
  const left = [{ status: { $nin: ['active', 'pending'] as const } }, { unsubscribed_at: { $ne: null } }];
  const gone = await context.rows.findOne({ ...known, $or: left });
  if (gone !== null) await context.suppressions.add(account, emailKey, 'erased', null);
  await context.suppressions.eraseAddress(account, emailKey);
  await inTransaction(context.store, async (session) => {
    const found = await context.rows.find(known, { session }).toArray();
    await context.rows.deleteMany(known, { session });
    await deleteRequests(context.store, session, account, emailKey, found);
    for (const row of found) await appendEvent(context, session, 'subscriber.erased', row);
  });
}

/** The row as it should be, and what has happened to it. */
async function rewrite(
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

async function appendEvent(
  { eventLog }: ChangeContext,
  session: ClientSession,
  type: string,
  subscriber: Subscriber,
  cause: EventCause = {},
): Promise<void> {
  await eventLog.append([subscriberEvent(type, subscriber, cause)], now(), session);
}
