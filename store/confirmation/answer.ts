import type { ClientSession, Collection } from 'mongodb';
import { now } from '../../clock.js';
import { CONFIRMATION_TIMES, type Consent } from '../../domain/confirmation.js';
import { merged, tooLarge } from '../../domain/subscriber.js';
import type { Store } from '../connect.js';
import { type Events, events } from '../events.js';
import { happening } from '../happening.js';
import type { Subscriber } from '../subscribers.js';
import { together } from '../transaction.js';
import type { Confirmation } from './row.js';

/** What became of a click on the link. `over`: expired, left meanwhile, or forgotten. */
export type Answer = 'confirmed' | 'over';

interface Desk {
  readonly rows: Collection<Confirmation>;
  readonly people: Collection<Subscriber>;
  readonly river: Events;
}

/** From a person who waits to one who is on the list, or is not. Each method is one transaction; repeating it changes nothing. */
export function confirmationAnswers(store: Store) {
  const rows = store.db.collection<Confirmation>('confirmations');
  const desk: Desk = { rows, people: store.db.collection<Subscriber>('subscribers'), river: events(store) };
  return {
    /** What a signed link names; the link is the authority here, hence no account. */
    ofLink: (id: number, subscriber: number): Promise<Confirmation | null> => rows.findOne({ _id: id, subscriber }),

    /** The person has said yes: on the list from now on, with the evidence. The link is the authority, hence no account. */
    confirm: (id: number, subscriber: number, ip: string | null): Promise<Answer> =>
      together(store, async (session) => {
        const row = await rows.findOne({ _id: id, subscriber }, { session });
        return row === null ? 'over' : confirm(desk, session, row, ip);
      }),

    /** Whether the request still waits for its answer; one that was settled another way is closed. */
    stillWaits: (account: number, id: number): Promise<boolean> =>
      together(store, async (session) => {
        const row = await rows.findOne({ _id: id, account }, { session });
        if (row?.state !== 'open') return false;
        if ((await personOf(desk, session, row))?.status === 'pending') return true;
        await end(desk, session, row, { state: 'closed', reason: 'answered' });
        return false;
      }),

    /** Nobody has said yes: a row that was made for the request goes, one that had left is as it was. */
    expire: (account: number, id: number): Promise<void> =>
      together(store, async (session) => {
        const row = await rows.findOne({ _id: id, account, state: 'open' }, { session });
        if (row !== null) await expire(desk, session, row);
      }),
  };
}

async function confirm(desk: Desk, session: ClientSession, row: Confirmation, ip: string | null): Promise<Answer> {
  const status = (await personOf(desk, session, row))?.status;
  if (row.state === 'confirmed') return status === 'active' ? 'confirmed' : 'over';
  if (row.state !== 'open' || row.expires_at <= now()) return 'over';
  if (status !== 'pending' && status !== 'active') {
    await end(desk, session, row, { state: 'closed', reason: 'answered' });
    return 'over';
  }
  if (status === 'pending') await welcome(desk, session, row, ip);
  await end(desk, session, row, { state: 'confirmed', confirmed_at: now() });
  return 'confirmed';
}

async function welcome(desk: Desk, session: ClientSession, row: Confirmation, ip: string | null): Promise<void> {
  const person = await personOf(desk, session, row);
  if (person === null) return;
  const at = now();
  const wished = row.wish === undefined ? person : merged(person, row.wish);
  const { first_name, last_name, attributes, tags } = tooLarge(wished) === undefined ? wished : person;
  const consent: Consent = { source: row.source, ip: row.ip, at: row.asked_at, confirmed_ip: ip, confirmed_at: at };
  const back = { status: 'active' as const, subscribed_at: at, unsubscribed_at: null, updated_at: at };
  const fields = { first_name, last_name, attributes, tags, consent, ...back };
  await desk.people.updateOne({ _id: person._id }, { $set: fields }, { session });
  const type = row.fresh ? 'subscriber.created' : 'subscriber.reactivated';
  await desk.river.append([happening(type, { ...person, ...fields })], at, session);
}

async function expire({ people, river, ...desk }: Desk, session: ClientSession, row: Confirmation): Promise<void> {
  const person = await personOf({ people }, session, row);
  if (person?.status === 'pending') {
    const gone = { _id: person._id };
    const left = { status: 'unsubscribed' as const, updated_at: now() };
    if (row.fresh) await people.deleteOne(gone, { session });
    else await people.updateOne(gone, { $set: left }, { session });
    await river.append([happening('subscriber.unconfirmed', { ...person, ...left })], now(), session);
  }
  await end(desk, session, row, { state: 'expired' });
}

function personOf({ people }: Pick<Desk, 'people'>, session: ClientSession, { subscriber, account }: Confirmation) {
  return people.findOne({ _id: subscriber ?? 0, account }, { session });
}

/** What was asked for is forgotten with the end; the row itself when its link needs no explaining any more. */
async function end(
  { rows }: Pick<Desk, 'rows'>,
  session: ClientSession,
  { _id }: Confirmation,
  how: Pick<Confirmation, 'state'> & Partial<Pick<Confirmation, 'reason' | 'confirmed_at'>>,
): Promise<void> {
  const forget_at = new Date(now().getTime() + CONFIRMATION_TIMES.keptFor);
  await rows.updateOne({ _id }, { $set: { ...how, wake_at: null, forget_at }, $unset: { wish: 1 } }, { session });
}
