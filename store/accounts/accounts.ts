import { now } from '../../clock.js';
import type { PlanSettings } from '../../domain/account/plan.js';
import { type Brand, UNNAMED_ACCOUNT } from '../../domain/brand/brand.js';
import type { Store } from '../mongo/connect.js';
import { type Counters, counters } from '../mongo/counters.js';

export interface Account {
  readonly _id: number;
  readonly kind: 'account' | 'client';
  /** The agency of a client. */
  readonly parent_id?: number;
  /** Suspended: keys are refused and no mail is sent. Closed: permanently. Active where absent. */
  readonly state?: AccountState;
  readonly name: string;
  /** Default sender, `Name <mailbox>`, where neither campaign nor list names one; null falls back to `MAIL_FROM`. */
  readonly mail_from: string | null;
  /** Drops a message equal to one of the last hour if it has no Idempotency-Key. Off where absent. */
  readonly detect_repeats?: boolean;
  /** Mails per second over all campaigns, messages and transports; no limit where absent. */
  readonly rate_per_second?: number | null;
  /** Template of campaigns that name none; absent or null: Everpost's first. */
  readonly default_template?: number | null;
  /** The brand of the account's mails; absent until it is set. */
  readonly brand?: Brand;
  /** False: opens and clicks of this account's mails are never recorded. On where absent. */
  readonly track?: boolean;
  /** False: adding people who unsubscribed does not reactivate them, unless the request asks for it. On where absent. */
  readonly reactivate?: boolean;
  /** True: attributes that are not defined as fields are refused. Off where absent. */
  readonly strict_fields?: boolean;
  /** Percent of complaints and of hard bounces above which a campaign is paused; absent or null: the installation's. */
  readonly pause_at_complaints?: number | null;
  readonly pause_at_bounces?: number | null;
  readonly created_at: Date;
  readonly closed_at?: Date;
  /** Absent limits are unlimited. */
  readonly plan?: PlanSettings | null;
  readonly plan_since?: Date;
  /** The Idempotency-Key's claim that created the account, so that a repeat after a crash finds it. */
  readonly origin?: string;
}

export type AccountState = 'active' | 'suspended' | 'closed';

/** Suspended and closed accounts send no mail. */
export function isActive(account: Pick<Account, 'state'> | null): boolean {
  return account !== null && (account.state ?? 'active') === 'active';
}

/** The state of an account that every request checks. */
export type AccountStatus = Pick<
  Account,
  '_id' | 'kind' | 'parent_id' | 'state' | 'plan' | 'detect_repeats' | 'reactivate'
>;

const STATUS_FIELDS = { kind: 1, parent_id: 1, state: 1, plan: 1, detect_repeats: 1, reactivate: 1 } as const;

type Changeable =
  | 'name'
  | 'mail_from'
  | 'detect_repeats'
  | 'rate_per_second'
  | 'default_template'
  | 'brand'
  | 'track'
  | 'strict_fields'
  | 'reactivate'
  | 'pause_at_complaints'
  | 'pause_at_bounces';

export type AccountChange = Partial<Pick<Account, Changeable>>;

export const FIRST_ACCOUNT = 1;

export type Accounts = ReturnType<typeof accounts>;

export function accounts(store: Store) {
  const rows = store.db.collection<Account>('accounts');
  const ids = counters(store);
  return {
    /** Adds an account. Atomic: one insert. */
    open: async (name: string): Promise<Account> => {
      const account = freshAccount(await nextAccountId(ids), { kind: 'account', name, mail_from: null });
      await rows.insertOne(account);
      return account;
    },

    /** The first account, created if missing; concurrent processes create one. Atomic: one upsert on a fixed id. */
    ensureFirst: async (): Promise<Account> => {
      await ids.reserve('accounts', FIRST_ACCOUNT);
      const row = await rows.findOneAndUpdate(
        { _id: FIRST_ACCOUNT },
        { $setOnInsert: { kind: 'account', name: UNNAMED_ACCOUNT, mail_from: null, created_at: now() } },
        { upsert: true, returnDocument: 'after' },
      );
      if (row === null) throw new Error('The first account could not be made');
      return row;
    },

    /** The account of a key that was just verified: it exists. */
    settings: async (account: number): Promise<Account> => {
      const row = await rows.findOne({ _id: account });
      if (row === null) throw new Error(`there is no account ${account}`);
      return row;
    },

    /** Changes the given fields and returns the row. Atomic: one update. */
    change: async (account: number, change: AccountChange): Promise<Account> => {
      const row = await rows.findOneAndUpdate({ _id: account }, { $set: { ...change } }, { returnDocument: 'after' });
      if (row === null) throw new Error(`there is no account ${account}`);
      return row;
    },

    /** Replaces the plan; null lifts every limit. Atomic: one update. */
    setPlan: async (account: number, plan: PlanSettings | null): Promise<void> => {
      await rows.updateOne({ _id: account }, { $set: { plan, plan_since: now() } });
    },

    find: (account: number): Promise<Account | null> => rows.findOne({ _id: account }),

    status: (account: number): Promise<AccountStatus | null> =>
      rows.findOne({ _id: account }, { projection: STATUS_FIELDS }) as Promise<AccountStatus | null>,

    /** Every account, including closed ones, in order of ids. */
    all: (): Promise<Account[]> => rows.find().sort({ _id: 1 }).toArray(),

    /** The given accounts that have turned tracking off. */
    untrackedAmong: async (accounts: readonly number[]): Promise<ReadonlySet<number>> =>
      new Set(await rows.distinct('_id', { _id: { $in: [...accounts] }, track: false })),
  };
}

export async function nextAccountId(ids: Counters): Promise<number> {
  await ids.reserve('accounts', FIRST_ACCOUNT);
  return ids.block('accounts');
}

export function freshAccount(
  _id: number,
  fields: Pick<Account, 'kind' | 'name' | 'mail_from' | 'parent_id' | 'plan'>,
): Account {
  return { _id, ...fields, created_at: now() };
}
