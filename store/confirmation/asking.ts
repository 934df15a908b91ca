import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { CONFIRMATION_TIMES, type ConfirmationTimes, type NotAsked, whyNotAsked } from '../../domain/confirmation.js';
import type { Store } from '../connect.js';
import { counters } from '../counters.js';
import { events } from '../events.js';
import { happening } from '../happening.js';
import { room } from '../room.js';
import { newRow, type SubscriberWish } from '../subscriber-batches.js';
import type { Subscriber } from '../subscribers.js';
import { suppressions } from '../suppressions.js';
import { together } from '../transaction.js';
import type { Confirmation } from './row.js';

export type Request = Pick<Confirmation, 'account' | 'list_id' | 'language' | 'source' | 'ip' | 'visitor'> & {
  readonly wish: SubscriberWish;
};

/** The sweep starts what was not started behind the answer. */
const OWED_AFTER = 5_000;

/** From a request to a person who waits for their own word. */
export function confirmationAsking(store: Store, times: ConfirmationTimes = CONFIRMATION_TIMES) {
  const rows = store.db.collection<Confirmation>('confirmations');
  const ids = counters(store);
  return {
    /** Keeps a request; nothing is looked up, so that it takes as long whoever is named. Atomic: one insert. */
    ask: async (request: Request): Promise<Confirmation> => {
      const row: Confirmation = {
        _id: await ids.block('confirmations'),
        ...request,
        state: 'asked',
        subscriber: null,
        fresh: false,
        asked_at: now(),
        remind_at: later(times.remindAfter),
        expires_at: later(times.expireAfter),
        wake_at: later(OWED_AFTER),
      };
      await rows.insertOne(row);
      return row;
    },

    /** How many requests a visitor has sent to a list since then. */
    countFrom: (list: number, visitor: string, since: Date): Promise<number> =>
      rows.countDocuments({ list_id: list, visitor, asked_at: { $gte: since } }),

    /**
     * Puts the person on the list as `pending`, or closes the request where nobody is to be asked. Null: the row is gone.
     * Atomic: one transaction over both rows and the event; repeating it changes nothing.
     */
    open: (account: number, id: number): Promise<Confirmation | null> =>
      together(store, async (session) => {
        const row = await rows.findOne({ _id: id, account }, { session });
        return row?.state === 'asked' ? opened(store, session, row, times) : row;
      }),
  };
}

async function opened(
  store: Store,
  session: ClientSession,
  row: Confirmation,
  { keptFor }: ConfirmationTimes,
): Promise<Confirmation> {
  const rows = store.db.collection<Confirmation>('confirmations');
  const people = store.db.collection<Subscriber>('subscribers');
  const { account, list_id, wish } = row;
  if (wish === undefined) throw new Error(`request ${row._id} does not say for whom it is`);
  const person = await people.findOne({ list_id, email_key: wish.email_key, account }, { session });
  const reason = (await whyNot(store, session, row, person)) ?? (person ? undefined : await full(store, session, row));
  if (reason !== undefined) {
    const closed = { state: 'closed' as const, reason, wake_at: null, forget_at: later(keptFor) };
    await rows.updateOne({ _id: row._id }, { $set: closed, $unset: { wish: 1 } }, { session });
    return { ...row, ...closed };
  }
  const subscriber = await waiting(store, session, { row, wish, person, people });
  const open = { state: 'open' as const, subscriber, fresh: person === null };
  await rows.updateOne({ _id: row._id }, { $set: open }, { session });
  return { ...row, ...open };
}

async function whyNot(
  store: Store,
  session: ClientSession,
  { account, wish }: Confirmation,
  person: Subscriber | null,
): Promise<NotAsked | undefined> {
  const rows = store.db.collection<Confirmation>('confirmations');
  const suppressed = (await suppressions(store).among(account, [wish?.email_key ?? ''])).size > 0;
  const earlier = person && (await rows.findOne({ subscriber: person._id, state: 'open' }, { session }));
  return whyNotAsked(person?.status, { suppressed, asked: earlier !== null });
}

/** A new person takes a place, where the plan counts them. */
async function full({ db }: Store, session: ClientSession, { account }: Confirmation): Promise<NotAsked | undefined> {
  const places = room(db);
  const cap = await places.capOf(account, 'subscribers');
  return cap !== null && (await places.take(session, cap, 1)) === 0 ? 'over_cap' : undefined;
}

interface Waiting {
  readonly row: Confirmation;
  readonly wish: SubscriberWish;
  readonly person: Subscriber | null;
  readonly people: Collection<Subscriber>;
}

/** The row that waits: made, or one that had left. What a stranger says of somebody known is not believed yet. */
async function waiting(store: Store, session: ClientSession, { row, wish, person, people }: Waiting): Promise<number> {
  const river = events(store);
  const { account, list_id: list, source, ip } = row;
  const made = async () => newRow({ account, list, source }, wish, await counters(store).block('subscribers'), ip);
  const subscriber: Subscriber = { ...(person ?? (await made())), status: 'pending', updated_at: now() };
  if (person === null) await people.insertOne(subscriber, { session });
  else await people.updateOne({ _id: person._id }, { $set: { status: 'pending', updated_at: now() } }, { session });
  await river.append([happening('subscriber.pending', subscriber)], now(), session);
  return subscriber._id;
}

function later(milliseconds: number): Date {
  return new Date(now().getTime() + milliseconds);
}
