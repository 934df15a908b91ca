import type { ClientSession, Collection } from 'mongodb';
import { later, now } from '../../clock.js';
import {
  CONFIRMATION_TIMES,
  type ConfirmationTimes,
  type NoConfirmationReason,
  reasonNotToConfirm,
} from '../../domain/subscriber/confirmation.js';
import type { SubscriberRequest } from '../../domain/subscriber/subscriber.js';
import { events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { firstSweepAt } from '../mongo/lease.js';
import { inTransaction } from '../mongo/transaction.js';
import { capacity } from '../quotas/capacity.js';
import type { Subscriber } from '../subscribers/row.js';
import { newRow, subscriberEvent } from '../subscribers/row.js';
import { suppressions } from '../suppressions/suppressions.js';
import type { Confirmation } from './row.js';

export type ConfirmationRequest = Pick<
  Confirmation,
  'account' | 'list_id' | 'language' | 'source' | 'ip' | 'visitor'
> & {
  readonly requested: SubscriberRequest;
};

/** The first half of a request: from its arrival to a pending subscriber. */
export function confirmationRequests(store: Store, times: ConfirmationTimes = CONFIRMATION_TIMES) {
  const rows = store.db.collection<Confirmation>('confirmations');
  const ids = counters(store);
  return {
    /**
     * Stores a request without any lookup, so that the response time does not depend on the address. Atomic: one
     * insert.
     */
    add: async (request: ConfirmationRequest): Promise<Confirmation> => {
      const row: Confirmation = {
        _id: await ids.block('confirmations'),
        ...request,
        state: 'requested',
        subscriber: null,
        new_subscriber: false,
        requested_at: now(),
        remind_at: later(times.remindAfter),
        expires_at: later(times.expireAfter),
        sweep_at: firstSweepAt(now()),
      };
      await rows.insertOne(row);
      return row;
    },

    /** The number of requests of a visitor to a list since then. */
    countByVisitor: (list: number, visitor: string, since: Date): Promise<number> =>
      rows.countDocuments({ list_id: list, visitor, requested_at: { $gte: since } }),

    /**
     * Adds the person to the list as `pending`, or closes the request if no confirmation is needed. Null: the row is
     * gone. Atomic: one transaction over both rows and the event; repeating it changes nothing.
     */
    open: (account: number, id: number): Promise<Confirmation | null> =>
      inTransaction(store, async (session) => {
        const row = await rows.findOne({ _id: id, account }, { session });
        return row?.state === 'requested' ? openRequest(store, session, row, times) : row;
      }),
  };
}

async function openRequest(
  store: Store,
  session: ClientSession,
  row: Confirmation,
  { keptFor }: ConfirmationTimes,
): Promise<Confirmation> {
  const rows = store.db.collection<Confirmation>('confirmations');
  const subscribers = store.db.collection<Subscriber>('subscribers');
  const { account, list_id, requested } = row;
  if (requested === undefined) throw new Error(`request ${row._id} has no requested fields`);
  const person = await subscribers.findOne({ list_id, email_key: requested.email_key, account }, { session });
  const reason =
    (await reasonToClose(store, session, row, person)) ??
    (person ? undefined : await overCapacity(store, session, row));
  if (reason !== undefined) {
    const closed = { state: 'closed' as const, reason, sweep_at: null, delete_at: later(keptFor) };
    await rows.updateOne({ _id: row._id }, { $set: closed, $unset: { requested: 1 } }, { session });
    return { ...row, ...closed };
  }
  const subscriber = await addPending(store, session, { row, requested, person, subscribers });
  const open = { state: 'open' as const, subscriber, new_subscriber: person === null };
  await rows.updateOne({ _id: row._id }, { $set: open }, { session });
  return { ...row, ...open };
}

async function reasonToClose(
  store: Store,
  session: ClientSession,
  { account, requested }: Confirmation,
  person: Subscriber | null,
): Promise<NoConfirmationReason | undefined> {
  const rows = store.db.collection<Confirmation>('confirmations');
  const suppressed = (await suppressions(store).among(account, [requested?.email_key ?? ''])).size > 0;
  const earlier = person && (await rows.findOne({ subscriber: person._id, state: 'open' }, { session }));
  return reasonNotToConfirm(person?.status, { suppressed, requested: earlier !== null });
}

/** A new person counts towards the capacity of the plan. */
async function overCapacity(
  { db }: Store,
  session: ClientSession,
  { account }: Confirmation,
): Promise<NoConfirmationReason | undefined> {
  const capacityOf = capacity(db);
  const cap = await capacityOf.capOf(account, 'subscribers');
  return cap !== null && (await capacityOf.take(session, cap, 1)) === 0 ? 'over_cap' : undefined;
}

interface PendingInput {
  readonly row: Confirmation;
  readonly requested: SubscriberRequest;
  readonly person: Subscriber | null;
  readonly subscribers: Collection<Subscriber>;
}

/**
 * The pending row: a new one, or that of a person who had left. Fields entered by a third party for a known person are
 * not applied yet.
 */
async function addPending(
  store: Store,
  session: ClientSession,
  { row, requested, person, subscribers }: PendingInput,
): Promise<number> {
  const eventLog = events(store);
  const { account, list_id: list, source, ip } = row;
  const made = async () => newRow({ account, list, source }, requested, await counters(store).block('subscribers'), ip);
  const subscriber: Subscriber = { ...(person ?? (await made())), status: 'pending', updated_at: now() };
  if (person === null) await subscribers.insertOne(subscriber, { session });
  else
    await subscribers.updateOne({ _id: person._id }, { $set: { status: 'pending', updated_at: now() } }, { session });
  await eventLog.append([subscriberEvent('subscriber.pending', subscriber)], now(), session);
  return subscriber._id;
}
