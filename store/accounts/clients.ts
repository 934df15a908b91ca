import type { ClientSession, Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import { LIVE_STATES } from '../../domain/campaign/campaign.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { isDuplicateKey } from '../mongo/duplicate-key.js';
import { inTransaction } from '../mongo/transaction.js';
import { addWithinCapacity } from '../quotas/capacity.js';
import { type Account, type AccountState, freshAccount, nextAccountId } from './accounts.js';

export type Client = Account & { readonly kind: 'client'; readonly parent_id: number };

type ClientFields = Pick<Account, 'name' | 'mail_from' | 'plan'>;

/** The clients of an agency. A closed client counts as missing; its row and its data are kept. */
export function clients(store: Store) {
  const rows = store.db.collection<Account>('accounts');
  return { ...readingClients(rows), ...changingClients(store, rows) };
}

function readingClients(rows: Collection<Account>) {
  return {
    /** A client of this agency; `foreign` where the id is another account's. */
    find: async (agency: number, id: number): Promise<Client | 'missing' | 'foreign'> => {
      const row = await rows.findOne({ _id: id });
      if (row === null) return 'missing';
      if (row.parent_id !== agency) return 'foreign';
      return row.state === 'closed' ? 'missing' : asClient(row);
    },

    /** One page, oldest first, and the total number. */
    page: async (agency: number, state: AccountState | undefined, skip: number, limit: number) => {
      const filter = { parent_id: agency, ...inState(state) };
      const [found, total] = await Promise.all([
        rows.find(filter).sort({ _id: 1 }).skip(skip).limit(limit).toArray(),
        rows.countDocuments(filter),
      ]);
      return { found: found.map(asClient), total };
    },

    /** All that are not closed, in order of ids. */
    ofAgency: async (agency: number): Promise<Client[]> => {
      const found = rows.find({ parent_id: agency, ...inState(undefined) }).sort({ _id: 1 });
      return (await found.toArray()).map(asClient);
    },
  };
}

function changingClients(store: Store, rows: Collection<Account>) {
  const ids = counters(store);
  return {
    /** Adds a client; the same `origin` finds the one it created before. Atomic: one insert. */
    create: async (agency: number, fields: ClientFields, origin?: string): Promise<Client> => {
      const row = {
        ...freshAccount(await nextAccountId(ids), { kind: 'client', parent_id: agency, ...fields }),
        plan_since: now(),
        ...(origin !== undefined && { origin }),
      };
      try {
        await addWithinCapacity(store, 'clients', { account: agency }, origin && { origin }, (session) =>
          rows.insertOne(row, session && { session }),
        );
        return asClient(row);
      } catch (error) {
        if (!isDuplicateKey(error) || origin === undefined) throw error;
        const earlier = await rows.findOne({ parent_id: agency, origin });
        if (earlier === null) throw error;
        return asClient(earlier);
      }
    },

    /** Changes the given fields; null where the client no longer exists. Atomic: one update. */
    change: async (agency: number, id: number, change: Partial<ClientFields>): Promise<Client | null> => {
      const open = { _id: id, parent_id: agency, ...inState(undefined) };
      const row = await rows.findOneAndUpdate(open, { $set: planned(change) }, { returnDocument: 'after' });
      return row && asClient(row);
    },

    /**
     * Closes the account for good: its keys are refused, it sends no new mail, and other accounts may verify its domains. Its
     * rows are kept. `busy` while mail of it is in progress. Atomic: one transaction.
     */
    close: (agency: number, id: number): Promise<'done' | 'busy'> =>
      inTransaction(store, async (session) => {
        if (await isBusy(store, id, session)) return 'busy';
        const closed = { $set: { state: 'closed' as const, closed_at: now() } };
        await rows.updateOne({ _id: id, parent_id: agency }, closed, { session });
        await store.db.collection('keys').updateMany({ account: id }, { $set: { state: 'revoked' } }, { session });
        await store.db.collection('domains').deleteMany({ account: id }, { session });
        return 'done';
      }),
  };
}

/** Whether mail of the account is in progress or scheduled. */
async function isBusy({ db }: Store, account: number, session: ClientSession): Promise<boolean> {
  const busyStates = {
    campaigns: [...LIVE_STATES],
    messages: ['accepted', 'sending', 'deferred'],
    imports: ['uploading', 'queued', 'running'],
  };
  for (const [collection, states] of Object.entries(busyStates)) {
    const found = await db
      .collection(collection)
      .findOne({ account, state: { $in: states } }, { projection: { _id: 1 }, session });
    if (found !== null) return true;
  }
  return false;
}

function inState(state: AccountState | undefined): Filter<Account> {
  if (state === 'suspended') return { state };
  return { state: { $nin: state === 'active' ? ['suspended', 'closed'] : ['closed'] } };
}

function asClient(row: Account): Client {
  return row as Client;
}

/** A new plan restarts the counts. */
function planned(change: Partial<ClientFields>): Partial<Account> {
  return { ...change, ...(change.plan !== undefined && { plan_since: now() }) };
}
