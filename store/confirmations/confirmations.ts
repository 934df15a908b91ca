import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { CONFIRMATION_TIMES, type ConfirmationTimes, type Consent } from '../../domain/subscriber/confirmation.js';
import { merged, tooLarge } from '../../domain/subscriber/subscriber.js';
import { type Events, events } from '../events/events.js';
import type { Store } from '../mongo/connect.js';
import { dueRows, moveSweep } from '../mongo/lease.js';
import { inTransaction } from '../mongo/transaction.js';
import { type Subscriber, subscriberEvent } from '../subscribers/row.js';
import { confirmationRequests } from './requests.js';
import type { Confirmation } from './row.js';

export type Confirmations = ReturnType<typeof confirmations>;

/** Requests to join lists with double opt-in: one row each, with the time of the next check in `sweep_at`. */
export function confirmations(store: Store, times?: ConfirmationTimes) {
  const rows = store.db.collection<Confirmation>('confirmations');
  return {
    ...confirmationRequests(store, times),
    ...confirming(store),

    find: (account: number, id: number): Promise<Confirmation | null> => rows.findOne({ _id: id, account }),

    /** Requests of all accounts whose workflow must be checked, the longest due first. */
    due: (before: Date): AsyncIterable<Confirmation> => dueRows(rows, before),

    /** Sets the next check; an ended request stays ended. */
    sweepAgain: (id: number, at: Date): Promise<boolean> => moveSweep(rows, { _id: id, sweep_at: { $ne: null } }, at),
  };
}

/** The result of a click on the link. `over`: expired, left meanwhile, or deleted. */
type ConfirmationResult = 'confirmed' | 'over';

interface ConfirmationContext {
  readonly rows: Collection<Confirmation>;
  readonly subscribers: Collection<Subscriber>;
  readonly eventLog: Events;
}

/**
 * The second half of a request: from pending to confirmed or expired. Each method is one transaction; repeating it
 * changes nothing.
 */
function confirming(store: Store) {
  const rows = store.db.collection<Confirmation>('confirmations');
  const context: ConfirmationContext = {
    rows,
    subscribers: store.db.collection<Subscriber>('subscribers'),
    eventLog: events(store),
  };
  return {
    /** The request of a signed link. The link is the authority here, hence no account. */
    ofLink: (id: number, subscriber: number): Promise<Confirmation | null> => rows.findOne({ _id: id, subscriber }),

    /**
     * Confirms: the person is active from now on, and the consent is stored. The link is the authority, hence no
     * account.
     */
    confirm: (id: number, subscriber: number, ip: string | null): Promise<ConfirmationResult> =>
      inTransaction(store, async (session) => {
        const row = await rows.findOne({ _id: id, subscriber }, { session });
        return row === null ? 'over' : confirm(context, session, row, ip);
      }),

    /** Whether the request still awaits its confirmation; a request that was settled otherwise is closed. */
    isStillWaiting: (account: number, id: number): Promise<boolean> =>
      inTransaction(store, async (session) => {
        const row = await rows.findOne({ _id: id, account }, { session });
        if (row?.state !== 'open') return false;
        if ((await subscriberOf(context, session, row))?.status === 'pending') return true;
        await close(context, session, row, { state: 'closed', reason: 'answered' });
        return false;
      }),

    /** The time is over: a row created for the request is deleted, and a person who had left has left again. */
    expire: (account: number, id: number): Promise<void> =>
      inTransaction(store, async (session) => {
        const row = await rows.findOne({ _id: id, account, state: 'open' }, { session });
        if (row !== null) await expire(context, session, row);
      }),
  };
}

async function confirm(
  context: ConfirmationContext,
  session: ClientSession,
  row: Confirmation,
  ip: string | null,
): Promise<ConfirmationResult> {
  const status = (await subscriberOf(context, session, row))?.status;
  if (row.state === 'confirmed') return status === 'active' ? 'confirmed' : 'over';
  if (row.state !== 'open' || row.expires_at <= now()) return 'over';
  if (status !== 'pending' && status !== 'active') {
    await close(context, session, row, { state: 'closed', reason: 'answered' });
    return 'over';
  }
  if (status === 'pending') await activate(context, session, row, ip);
  await close(context, session, row, { state: 'confirmed', confirmed_at: now() });
  return 'confirmed';
}

async function activate(
  context: ConfirmationContext,
  session: ClientSession,
  row: Confirmation,
  ip: string | null,
): Promise<void> {
  const person = await subscriberOf(context, session, row);
  if (person === null) return;
  const at = now();
  const requested = row.requested === undefined ? person : merged(person, row.requested);
  const { first_name, last_name, attributes, tags } = tooLarge(requested) === undefined ? requested : person;
  const consent: Consent = { source: row.source, ip: row.ip, at: row.requested_at, confirmed_ip: ip, confirmed_at: at };
  const back = { status: 'active' as const, subscribed_at: at, unsubscribed_at: null, updated_at: at };
  const fields = { first_name, last_name, attributes, tags, consent, ...back };
  await context.subscribers.updateOne({ _id: person._id }, { $set: fields }, { session });
  const type = row.new_subscriber ? 'subscriber.created' : 'subscriber.reactivated';
  await context.eventLog.append([subscriberEvent(type, { ...person, ...fields })], at, session);
}

async function expire(
  { subscribers, eventLog, ...context }: ConfirmationContext,
  session: ClientSession,
  row: Confirmation,
): Promise<void> {
  const person = await subscriberOf({ subscribers }, session, row);
  if (person?.status === 'pending') {
    const gone = { _id: person._id };
    const left = { status: 'unsubscribed' as const, updated_at: now() };
    if (row.new_subscriber) await subscribers.deleteOne(gone, { session });
    else await subscribers.updateOne(gone, { $set: left }, { session });
    await eventLog.append([subscriberEvent('subscriber.unconfirmed', { ...person, ...left })], now(), session);
  }
  await close(context, session, row, { state: 'expired' });
}

function subscriberOf(
  { subscribers }: Pick<ConfirmationContext, 'subscribers'>,
  session: ClientSession,
  { subscriber, account }: Confirmation,
) {
  return subscribers.findOne({ _id: subscriber ?? 0, account }, { session });
}

/** Ends the request and deletes its fields; the row itself is deleted once its link no longer needs an explanation. */
async function close(
  { rows }: Pick<ConfirmationContext, 'rows'>,
  session: ClientSession,
  { _id }: Confirmation,
  how: Pick<Confirmation, 'state'> & Partial<Pick<Confirmation, 'reason' | 'confirmed_at'>>,
): Promise<void> {
  const delete_at = new Date(now().getTime() + CONFIRMATION_TIMES.keptFor);
  await rows.updateOne({ _id }, { $set: { ...how, sweep_at: null, delete_at }, $unset: { requested: 1 } }, { session });
}
