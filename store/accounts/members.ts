import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addUnlessTaken } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';

/** A member of the account: may receive drafts and tests; approvers also approve campaigns. */
export interface Member {
  readonly _id: number;
  readonly account: number;
  readonly name: string;
  /** As given; `email_key` is its normalized form, unique in the account. */
  readonly email: string;
  readonly email_key: string;
  readonly role: MemberRole;
  readonly created_at: Date;
  /** The Idempotency-Key's claim that created the member, so that a repeat after a crash finds it. */
  readonly origin?: string;
}

export type NewMember = Pick<Member, 'name' | 'email' | 'email_key' | 'role'>;

export type Members = ReturnType<typeof members>;

export function members(store: Store) {
  const rows = store.db.collection<Member>('members');
  const ids = counters(store);

  return {
    find: (account: number, id: number): Promise<Owned<Member>> => findOwned(rows, account, id),

    ofAccount: (account: number): Promise<Member[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),

    /** The members who are asked to approve a campaign. */
    approvers: (account: number): Promise<Member[]> =>
      rows.find({ account, role: 'approver' }).sort({ _id: 1 }).toArray(),

    /** The given addresses (normalized) that belong to members. */
    among: async (account: number, emailKeys: readonly string[]): Promise<ReadonlySet<string>> => {
      const found = await rows.find({ account, email_key: { $in: [...emailKeys] } }).toArray();
      return new Set(found.map(({ email_key }) => email_key));
    },

    /** Adds a member; the same `origin` finds the one it created before. Atomic: one insert. */
    add: async (account: number, fields: NewMember, origin?: string): Promise<Member | 'taken'> => {
      const _id = await ids.block('members');
      const row: Member = { _id, account, ...fields, created_at: now(), ...(origin && { origin }) };
      return addUnlessTaken(rows, row);
    },

    /** Atomic: one delete. */
    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

/** The role of a member; only approvers are asked to approve campaigns. */
export const MEMBER_ROLES = ['admin', 'editor', 'approver'] as const;
type MemberRole = (typeof MEMBER_ROLES)[number];
