import type { ClientSession, Collection, Filter } from 'mongodb';
import { now } from '../clock.js';
import { BAD_DOMAIN, domainOf } from '../domain/bad-domain.js';
import { wornOut } from '../domain/soft-bounces.js';
import {
  COMING_BACK,
  merged,
  type SubscriberFields,
  type SubscriberStatus,
  sameFields,
  tooLarge,
} from '../domain/subscriber.js';
import { forgetRequests } from './confirmation/row.js';
import type { Store } from './connect.js';
import { type Counters, counters } from './counters.js';
import { type Events, events } from './events.js';
import { type Cause, happening } from './happening.js';
import { asStranger } from './owned.js';
import { room } from './room.js';
import { type SoftBounces, softBounces } from './soft-bounces.js';
import { newRow, type SubscriberWish } from './subscriber-batches.js';
import type { Subscriber } from './subscribers.js';
import { recallErased, type Suppressions, suppressions } from './suppressions.js';
import { together } from './transaction.js';

export interface Joining {
  readonly account: number;
  readonly list: number;
  readonly source: string;
  readonly ip: string | null;
  readonly wish: SubscriberWish;
}

export type Joined =
  | { readonly kind: 'created' | 'reactivated' | 'updated' | 'unchanged'; readonly subscriber: Subscriber }
  | { readonly kind: 'too_large'; readonly field: 'attributes' | 'tags' };

/** Why somebody left, and by which campaign's link. */
export interface Leaving {
  readonly by: 'api' | 'link' | 'one_click' | 'preferences' | 'mail';
  readonly campaign?: number;
}

/** One person at a time. A row and its event are written together or not at all. */
export function subscriberChanges(store: Store) {
  const desk = deskOf(store);
  return {
    /** Puts a person on a list. Atomic: one transaction for row and event. */
    join: (joining: Joining): Promise<Joined> => join(desk, joining),

    /** Changes what is known of a person; tags are replaced. Atomic: one transaction. */
    change: (account: number, id: number, wish: SubscriberFields): Promise<Joined | 'missing' | 'foreign'> =>
      change(desk, account, id, wish),

    /** Unsubscribes an address from one list or all. Atomic: one transaction; repeating it changes nothing. */
    unsubscribe: (
      account: number,
      emailKey: string,
      list: number | undefined,
      leaving: Leaving = { by: 'api' },
    ): Promise<number> =>
      takeOff(desk, { account, email_key: emailKey, ...(list !== undefined && { list_id: list }) }, leaving),

    /**
     * Unsubscribes the row a signed link names. The link, not a key, is the authority here, hence no account. Atomic:
     * one transaction; repeating it changes nothing.
     */
    leaveByLink: (id: number, leaving: Leaving): Promise<number> => takeOff(desk, { _id: id }, leaving),

    /** A hard bounce or a complaint: suppressed first, then marked on every list. Each step atomic, repeatable in whole. */
    condemn: (account: number, emailKey: string, status: Condemned, evidence: Evidence): Promise<void> =>
      condemn(desk, account, emailKey, status, evidence),

    /** A soft bounce: remembered, and condemned like a hard one when it has gone on for long enough. Repeatable in whole. */
    wearDown: async (account: number, emailKey: string, { reason, at }: SoftBounced, evidence: Evidence) => {
      if (reason === BAD_DOMAIN) return desk.barred.noteBadDomain(account, domainOf(emailKey), evidence.reply, at);
      const times = await desk.soft.note(account, emailKey, reason, at);
      if (wornOut(reason, times, at)) await condemn(desk, account, emailKey, 'bounced', evidence);
    },

    /**
     * Forgets a person on every list. Whoever had left, bounced or complained stays barred by a hash. The bar is put up
     * before the rows go, so that repeating it after a crash finishes it.
     */
    erase: (account: number, emailKey: string): Promise<void> => erase(desk, account, emailKey),
  };
}

type Condemned = 'bounced' | 'complained';

interface SoftBounced {
  /** A class of `domain/soft-bounces.ts`. */
  readonly reason: string;
  readonly at: Date;
}

interface Evidence {
  /** Addresses scrubbed. */
  readonly reply: string | null;
  readonly campaign?: number;
}

interface Desk {
  readonly store: Store;
  readonly rows: Collection<Subscriber>;
  readonly ids: Counters;
  readonly river: Events;
  readonly barred: Suppressions;
  readonly soft: SoftBounces;
}

function deskOf(store: Store): Desk {
  const rows = store.db.collection<Subscriber>('subscribers');
  const bars = { barred: suppressions(store), soft: softBounces(store) };
  return { store, rows, ids: counters(store), river: events(store), ...bars };
}

async function join(desk: Desk, { wish, ...joining }: Joining): Promise<Joined> {
  const { account, list } = joining;
  const places = room(desk.store.db);
  const cap = await places.capOf(account, 'subscribers');
  const joined = await together(desk.store, async (session): Promise<Joined> => {
    const person = await desk.rows.findOne({ list_id: list, email_key: wish.email_key, account }, { session });
    if (person !== null) return rejoin(desk, session, person, wish);
    const subscriber = newRow(joining, wish, await desk.ids.block('subscribers'), joining.ip);
    const field = tooLarge(subscriber);
    if (field !== undefined) return { kind: 'too_large', field };
    if (cap !== null) await places.demand(session, cap);
    await desk.rows.insertOne(subscriber, { session });
    await note(desk, session, 'subscriber.created', subscriber);
    return { kind: 'created', subscriber };
  });
  if (joined.kind === 'created') await recallErased(desk.store, account, [wish.email_key]);
  return joined;
}

/** Unsubscribed people come back, as the documents say, and who was asked by mail needs no answer any more; bounced and complained ones stay. */
async function rejoin(desk: Desk, session: ClientSession, person: Subscriber, wish: SubscriberWish): Promise<Joined> {
  const fields = merged(person, wish);
  const field = tooLarge(fields);
  if (field !== undefined) return { kind: 'too_large', field };
  const back = COMING_BACK.includes(person.status);
  if (!back && sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
  const at = now();
  const again = { status: 'active' as const, subscribed_at: at, unsubscribed_at: null };
  const subscriber: Subscriber = { ...person, ...fields, ...(back && again), updated_at: at };
  if (!back) await rewrite(desk, session, 'subscriber.updated', subscriber);
  else if (person.unsubscribed_at === null) await rewrite(desk, session, 'subscriber.created', subscriber);
  else await rewrite(desk, session, 'subscriber.reactivated', subscriber);
  return { kind: back ? 'reactivated' : 'updated', subscriber };
}

function change(desk: Desk, account: number, id: number, wish: SubscriberFields) {
  return together(desk.store, async (session): Promise<Joined | 'missing' | 'foreign'> => {
    const person = await desk.rows.findOne({ _id: id }, { session });
    if (person === null) return 'missing';
    if (person.account !== account) return asStranger(desk.rows, account, person.account);
    const fields = merged(person, wish, 'replace');
    const field = tooLarge(fields);
    if (field !== undefined) return { kind: 'too_large', field };
    if (sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
    const subscriber: Subscriber = { ...person, ...fields, updated_at: now() };
    await rewrite(desk, session, 'subscriber.updated', subscriber);
    return { kind: 'updated', subscriber };
  });
}

/** Takes everybody the filter finds off their lists; those who left before are not told again. */
function takeOff(desk: Desk, filter: Filter<Subscriber>, leaving: Leaving): Promise<number> {
  return together(desk.store, async (session) => {
    const found = await desk.rows.find({ ...filter, status: { $in: ['active', 'pending'] } }, { session }).toArray();
    const at = now();
    const gone = { status: 'unsubscribed' as const, unsubscribed_at: at, updated_at: at };
    for (const row of found) {
      await rewrite(desk, session, 'subscriber.unsubscribed', { ...row, ...gone }, leaving);
    }
    return found.length;
  });
}

async function condemn(
  desk: Desk,
  account: number,
  emailKey: string,
  status: Condemned,
  { reply, ...by }: Evidence,
): Promise<void> {
  await desk.barred.add(account, emailKey, status === 'bounced' ? 'bounce' : 'complaint', reply);
  await together(desk.store, async (session) => {
    // Who has complained stays that, whatever bounces afterwards.
    const final: SubscriberStatus[] = status === 'bounced' ? ['bounced', 'complained'] : ['complained'];
    const open = { account, email_key: emailKey, status: { $nin: final } };
    for (const row of await desk.rows.find(open, { session }).toArray()) {
      // Nobody comes back from it: it happens to a row once.
      const once = `subscriber:${row._id}:${status}`;
      await rewrite(desk, session, `subscriber.${status}`, { ...row, status, updated_at: now() }, { ...by, once });
    }
  });
}

async function erase(desk: Desk, account: number, emailKey: string): Promise<void> {
  const known = { account, email_key: emailKey };
  const left = [{ status: { $nin: ['active', 'pending'] as const } }, { unsubscribed_at: { $ne: null } }];
  const gone = await desk.rows.findOne({ ...known, $or: left });
  if (gone !== null) await desk.barred.add(account, emailKey, 'erased', null);
  await desk.barred.forget(account, emailKey);
  await together(desk.store, async (session) => {
    const found = await desk.rows.find(known, { session }).toArray();
    await desk.rows.deleteMany(known, { session });
    await forgetRequests(desk.store, session, account, emailKey, found);
    for (const row of found) await note(desk, session, 'subscriber.erased', row);
  });
}

/** The row as it should be, and what has happened to it. */
async function rewrite(
  desk: Desk,
  session: ClientSession,
  type: string,
  subscriber: Subscriber,
  cause: Cause = {},
): Promise<void> {
  const { _id, account, ...fields } = subscriber;
  await desk.rows.updateOne({ _id, account }, { $set: fields }, { session });
  await note(desk, session, type, subscriber, cause);
}

async function note(
  { river }: Desk,
  session: ClientSession,
  type: string,
  subscriber: Subscriber,
  cause: Cause = {},
): Promise<void> {
  await river.append([happening(type, subscriber, cause)], now(), session);
}
