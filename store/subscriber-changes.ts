import { randomUUID } from 'node:crypto';
import type { ClientSession, Filter } from 'mongodb';
import { now } from '../clock.js';
import { merged, type SubscriberFields, sameFields, tooLarge } from '../domain/subscriber.js';
import type { Store } from './connect.js';
import { counters } from './counters.js';
import { events } from './events.js';
import { newRow, type SubscriberWish } from './subscriber-batches.js';
import type { Subscriber } from './subscribers.js';
import { recallErased, suppressions } from './suppressions.js';
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
  readonly by: 'api' | 'link' | 'one_click';
  readonly campaign?: number;
}

/** One person at a time. A row and its event are written together or not at all. */
export function subscriberChanges(store: Store) {
  const rows = store.db.collection<Subscriber>('subscribers');
  const ids = counters(store);
  const river = events(store);
  const barred = suppressions(store);

  const note = async (
    session: ClientSession,
    type: string,
    { _id, account, list_id, status }: Subscriber,
    more = {},
  ) => {
    const { campaign, ...data } = more as { campaign?: number };
    const happened = { _id: randomUUID(), account, type, subscriber: _id, data: { list_id, status, ...data } };
    await river.append([{ ...happened, ...(campaign !== undefined && { campaign }) }], now(), session);
  };

  const replaceFields = async (session: ClientSession, row: Subscriber, type: string): Promise<void> => {
    const { _id, account, ...fields } = row;
    await rows.updateOne({ _id, account }, { $set: fields }, { session });
    await note(session, type, row);
  };

  const rejoin = async (session: ClientSession, person: Subscriber, wish: SubscriberWish): Promise<Joined> => {
    const fields = merged(person, wish);
    const field = tooLarge(fields);
    if (field !== undefined) return { kind: 'too_large', field };
    const back = person.status === 'unsubscribed';
    if (!back && sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
    const at = now();
    const again = { status: 'active' as const, subscribed_at: at, unsubscribed_at: null };
    const subscriber: Subscriber = { ...person, ...fields, ...(back && again), updated_at: at };
    await replaceFields(session, subscriber, back ? 'subscriber.reactivated' : 'subscriber.updated');
    return { kind: back ? 'reactivated' : 'updated', subscriber };
  };

  /** Takes everybody the filter finds off their lists; those who left before are not told again. */
  const takeOff = (filter: Filter<Subscriber>, leaving: Leaving): Promise<number> =>
    together(store, async (session) => {
      const found = await rows.find({ ...filter, status: 'active' }, { session }).toArray();
      const at = now();
      for (const { _id, account, ...row } of found) {
        const $set = { status: 'unsubscribed' as const, unsubscribed_at: at, updated_at: at };
        await rows.updateOne({ _id, account }, { $set }, { session });
        await note(session, 'subscriber.unsubscribed', { _id, account, ...row, ...$set }, leaving);
      }
      return found.length;
    });

  return {
    /** Puts a person on a list. Atomic: one transaction for row and event. */
    join: async ({ wish, ...joining }: Joining): Promise<Joined> => {
      const { account, list } = joining;
      const joined = await together(store, async (session): Promise<Joined> => {
        const person = await rows.findOne({ list_id: list, email_key: wish.email_key, account }, { session });
        if (person !== null) return rejoin(session, person, wish);
        const subscriber = newRow(joining, wish, await ids.block('subscribers'), joining.ip);
        const field = tooLarge(subscriber);
        if (field !== undefined) return { kind: 'too_large', field };
        await rows.insertOne(subscriber, { session });
        await note(session, 'subscriber.created', subscriber);
        return { kind: 'created', subscriber };
      });
      if (joined.kind === 'created') await recallErased(store, account, [wish.email_key]);
      return joined;
    },

    /** Changes what is known of a person; tags are replaced. Atomic: one transaction. */
    change: (account: number, id: number, wish: SubscriberFields): Promise<Joined | 'missing' | 'foreign'> =>
      together(store, async (session) => {
        const person = await rows.findOne({ _id: id }, { session });
        if (person === null) return 'missing';
        if (person.account !== account) return 'foreign';
        const fields = merged(person, wish, 'replace');
        const field = tooLarge(fields);
        if (field !== undefined) return { kind: 'too_large', field };
        if (sameFields(person, fields)) return { kind: 'unchanged', subscriber: person };
        const subscriber: Subscriber = { ...person, ...fields, updated_at: now() };
        await replaceFields(session, subscriber, 'subscriber.updated');
        return { kind: 'updated', subscriber };
      }),

    /** Unsubscribes an address from one list or all. Atomic: one transaction; repeating it changes nothing. */
    unsubscribe: (account: number, emailKey: string, list: number | undefined): Promise<number> =>
      takeOff({ account, email_key: emailKey, ...(list !== undefined && { list_id: list }) }, { by: 'api' }),

    /** Unsubscribes one row, as a link in a mail asks for. Atomic: one transaction; repeating it changes nothing. */
    leave: (account: number, id: number, leaving: Leaving): Promise<number> => takeOff({ _id: id, account }, leaving),

    /** A hard bounce or a complaint: suppressed first, then marked on every list. Each step atomic, repeatable in whole. */
    condemn: async (
      account: number,
      emailKey: string,
      status: 'bounced' | 'complained',
      evidence: { readonly reply: string | null; readonly campaign?: number },
    ): Promise<void> => {
      const { reply, ...by } = evidence;
      await barred.add(account, emailKey, status === 'bounced' ? 'bounce' : 'complaint', reply);
      await together(store, async (session) => {
        const found = await rows.find({ account, email_key: emailKey, status: { $ne: status } }, { session }).toArray();
        for (const row of found) {
          const $set = { status, updated_at: now() };
          await rows.updateOne({ _id: row._id, account }, { $set }, { session });
          await note(session, `subscriber.${status}`, { ...row, ...$set }, by);
        }
      });
    },

    /**
     * Forgets a person on every list. Whoever had left, bounced or complained stays barred by a hash. The bar is put up
     * before the rows go, so that repeating it after a crash finishes it.
     */
    erase: async (account: number, emailKey: string): Promise<void> => {
      const known = { account, email_key: emailKey };
      const gone = await rows.findOne({ ...known, status: { $ne: 'active' } });
      if (gone !== null) await barred.add(account, emailKey, 'erased', null);
      await barred.forget(account, emailKey);
      await together(store, async (session) => {
        const found = await rows.find(known, { session }).toArray();
        await rows.deleteMany(known, { session });
        for (const row of found) await note(session, 'subscriber.erased', row);
      });
    },
  };
}
