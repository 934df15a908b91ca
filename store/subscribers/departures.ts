import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { SubscriberStatus } from '../../domain/subscriber/subscriber.js';
import { deleteRequests } from '../confirmations/row.js';
import type { Store } from '../mongo/connect.js';
import { inTransaction } from '../mongo/transaction.js';
import { type Suppressions, suppressions } from '../suppressions/suppressions.js';
import { appendEvent, type ChangeContext, changeContext, rewrite } from './changes.js';
import type { Subscriber } from './row.js';

/** How a person unsubscribed, and by which campaign's link. */
export interface UnsubscribeCause {
  readonly by: 'api' | 'link' | 'one_click' | 'preferences' | 'mail';
  readonly campaign?: number;
}

type SuppressedStatus = 'bounced' | 'complained';

interface Evidence {
  /** Addresses scrubbed. */
  readonly reply: string | null;
  readonly campaign?: number;
  /** When the suppression ends by itself; absent: never. */
  readonly expires?: Date;
}

interface DepartureContext extends ChangeContext {
  readonly suppressions: Suppressions;
}

/** People who leave: unsubscribed, suppressed or erased. A row and its event are written in one transaction. */
export function subscriberDepartures(store: Store) {
  const context = { ...changeContext(store), suppressions: suppressions(store) };
  return {
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
     * Unsubscribes the row of a signed link. The link, not a key, is the authority here, hence no account. Atomic: one
     * transaction; repeating it changes nothing.
     */
    unsubscribeByLink: (id: number, cause: UnsubscribeCause): Promise<number> =>
      unsubscribeMatching(context, { _id: id }, cause),

    /**
     * Applies a hard bounce or a complaint: the address is suppressed first, then marked on every list. Each step is
     * atomic, the whole is repeatable.
     */
    suppress: (account: number, emailKey: string, status: SuppressedStatus, evidence: Evidence): Promise<void> =>
      suppress(context, account, emailKey, status, evidence),

    /**
     * Makes the bounced rows of an address active again, or unsubscribed if they had left before; complaints stay. Atomic:
     * one transaction; repeating it changes nothing.
     */
    release: (account: number, emailKey: string, by: 'api' | 'expiry'): Promise<number> =>
      release(context, account, emailKey, by),

    /**
     * Deletes a person from all lists. A person who had unsubscribed, bounced or complained stays suppressed by a hash.
     * The suppression is written before the rows are deleted, so that a retry after a crash completes it.
     */
    erase: (account: number, emailKey: string): Promise<void> => erase(context, account, emailKey),
  };
}

/** Unsubscribes all matching rows; rows that are already unsubscribed are not written and publish no event. */
function unsubscribeMatching(
  context: ChangeContext,
  filter: Filter<Subscriber>,
  cause: UnsubscribeCause,
): Promise<number> {
  return inTransaction(context.store, async (session) => {
    const found = await context.rows.find({ ...filter, status: { $in: ['active', 'pending'] } }, { session }).toArray();
    const at = now();
    const gone = { status: 'unsubscribed' as const, unsubscribed_at: at, left_at: at, updated_at: at };
    for (const row of found) {
      await rewrite(context, session, 'subscriber.unsubscribed', { ...row, ...gone }, cause);
    }
    return found.length;
  });
}

async function suppress(
  context: DepartureContext,
  account: number,
  emailKey: string,
  status: SuppressedStatus,
  { reply, expires, ...by }: Evidence,
): Promise<void> {
  await context.suppressions.add(account, emailKey, status === 'bounced' ? 'bounce' : 'complaint', reply, expires);
  await inTransaction(context.store, async (session) => {
    // A complaint stays a complaint after a later bounce.
    const final: SubscriberStatus[] = status === 'bounced' ? ['bounced', 'complained'] : ['complained'];
    const open = { account, email_key: emailKey, status: { $nin: final } };
    for (const row of await context.rows.find(open, { session }).toArray()) {
      // The event happens once for each row, and once more after each time that the address was released.
      const again = row.released_at === undefined ? '' : `:${row.released_at.getTime()}`;
      const once = `subscriber:${row._id}:${status}${again}`;
      await rewrite(context, session, `subscriber.${status}`, { ...row, status, updated_at: now() }, { ...by, once });
    }
  });
}

async function release(
  context: ChangeContext,
  account: number,
  emailKey: string,
  by: 'api' | 'expiry',
): Promise<number> {
  return inTransaction(context.store, async (session) => {
    const bounced = { account, email_key: emailKey, status: 'bounced' as const };
    const found = await context.rows.find(bounced, { session }).toArray();
    const at = now();
    for (const row of found) {
      const status = row.unsubscribed_at === null ? ('active' as const) : ('unsubscribed' as const);
      const released = { ...row, status, released_at: at, updated_at: at };
      await rewrite(context, session, 'subscriber.reactivated', released, { by });
    }
    return found.length;
  });
}

async function erase(context: DepartureContext, account: number, emailKey: string): Promise<void> {
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
