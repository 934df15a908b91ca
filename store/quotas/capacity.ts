import type { ClientSession, Db, Filter } from 'mongodb';
import { type PlanSettings, planOf } from '../../domain/account/plan.js';
import { Failure, type FailureCode } from '../../domain/errors.js';
import type { Store } from '../mongo/connect.js';
import { inTransaction } from '../mongo/transaction.js';

/** The resources whose number a plan limits. */
export type CappedNoun = 'subscribers' | 'campaigns' | 'senders' | 'clients';

/** The remaining capacity of one account under its plan. */
export interface Cap {
  readonly account: number;
  readonly noun: CappedNoun;
  readonly most: number;
  /** When the plan was set: counts under an earlier plan are invalid. */
  readonly since: number;
}

interface Capacity {
  readonly _id: string;
  readonly since: number;
  /** Rows that may be added before the next count. */
  readonly left: number;
}

interface Planned {
  readonly _id: number;
  readonly plan?: PlanSettings | null;
  readonly plan_since?: Date;
}

const COUNTED: Readonly<
  Record<CappedNoun, (of: number | { $in: number[] }) => [string, Filter<Record<string, unknown>>]>
> = {
  subscribers: (account) => ['subscribers', { account }],
  campaigns: (account) => ['campaigns', { account }],
  senders: (account) => ['domains', { account }],
  clients: (parent_id) => ['accounts', { parent_id, state: { $ne: 'closed' } }],
};

const REFUSALS: Readonly<Record<CappedNoun, FailureCode>> = {
  subscribers: 'subscriber_limit_reached',
  campaigns: 'campaign_limit_reached',
  senders: 'sender_limit_reached',
  clients: 'client_limit_reached',
};

/**
 * Limits the number of rows. Capacity is taken in the transaction that adds the rows, and every such transaction writes the
 * one document of its limit: they are serialized, so that no race exceeds it. Rows are counted only when the capacity is used
 * up: that count finds deleted rows, and a crash leaves nothing to repair.
 */
export function capacity(db: Db) {
  const rows = db.collection<Capacity>('capacity');
  const take = async (session: ClientSession, cap: Cap, wanted: number): Promise<number> => {
    const { account, noun, most, since } = cap;
    const _id = `${noun}:${account}`;
    const enough = { _id, since, left: { $gte: wanted } };
    const taken = await rows.updateOne(enough, { $inc: { left: -wanted } }, { session });
    if (taken.matchedCount === 1) return wanted;
    const [collection, filter] = COUNTED[noun](account);
    const left = Math.max(0, most - (await db.collection(collection).countDocuments(filter, { session })));
    const granted = Math.min(wanted, left);
    await rows.updateOne({ _id }, { $set: { since, left: left - granted } }, { upsert: true, session });
    return granted;
  };
  return {
    /** Takes capacity for up to `wanted` new rows. Runs in the transaction that adds the rows. */
    take,

    /** Takes capacity for one new row, or refuses by name. Runs in the transaction that adds it. */
    takeOne: async (session: ClientSession, cap: Cap): Promise<void> => {
      if ((await take(session, cap, 1)) === 0) throw new Failure(REFUSALS[cap.noun]);
    },

    /** Null: no limit. */
    capOf: async (account: number, noun: CappedNoun): Promise<Cap | null> => {
      const accounts = db.collection<Planned>('accounts');
      const row = await accounts.findOne({ _id: account }, { projection: { plan: 1, plan_since: 1 } });
      const most = row === null ? null : planOf(row)[noun];
      return most === null ? null : { account, noun, most, since: row?.plan_since?.getTime() ?? 0 };
    },
  };
}

/**
 * Adds one row; where the plan sets a limit, its capacity is taken in the same transaction. A row that exists already, by the
 * fields of `known`, needs no capacity: adding it again finds it.
 */
export async function addWithinCapacity(
  store: Store,
  noun: CappedNoun,
  { account }: { readonly account: number },
  known: Filter<Record<string, unknown>> | '' | undefined,
  add: (session?: ClientSession) => Promise<unknown>,
): Promise<void> {
  const capacityOf = capacity(store.db);
  const cap = await capacityOf.capOf(account, noun);
  const [collection, own] = COUNTED[noun](account);
  const isMade =
    cap !== null && known && (await store.db.collection(collection).findOne({ ...own, ...known })) !== null;
  if (cap === null || isMade) {
    await add();
    return;
  }
  await inTransaction(store, async (session) => {
    await capacityOf.takeOne(session, cap);
    await add(session);
  });
}

/** The number of rows of these accounts together. */
export function countRows(db: Db, noun: CappedNoun, accounts: readonly number[]): Promise<number> {
  const [collection, filter] = COUNTED[noun]({ $in: [...accounts] });
  return db.collection(collection).countDocuments(filter);
}
