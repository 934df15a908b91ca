import { now } from '../../clock.js';
import type { FieldRule, FieldRules } from '../../domain/subscriber/custom-field.js';
import type { Account } from '../accounts/accounts.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addUnlessTaken } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';

/** The definition of an attribute of the account's subscribers. */
export interface CustomField extends FieldRule {
  readonly _id: number;
  readonly account: number;
  /** The label in forms and on pages. */
  readonly label: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The Idempotency-Key's claim that created it, so that a retry after a crash finds it. */
  readonly origin?: string;
}

export type NewField = Pick<CustomField, 'name' | 'type' | 'choices' | 'label'>;
export type FieldChange = Partial<Pick<CustomField, 'label' | 'choices'>>;

/** All definitions are read whenever a subscriber is added. */
export const MAX_FIELDS = 200;

export type CustomFields = ReturnType<typeof customFields>;

export function customFields(store: Store) {
  const rows = store.db.collection<CustomField>('fields');
  const accounts = store.db.collection<Account>('accounts');
  const ids = counters(store);

  return {
    find: (account: number, id: number): Promise<Owned<CustomField>> => findOwned(rows, account, id),

    ofAccount: (account: number): Promise<CustomField[]> =>
      rows.find({ account }).sort({ _id: 1 }).limit(MAX_FIELDS).toArray(),

    /** The rules that attributes are checked against. */
    rules: async (account: number): Promise<FieldRules> => {
      const strict = accounts.findOne({ _id: account }, { projection: { strict_fields: 1 } });
      const rules = await rows
        .find({ account })
        .project<FieldRule>({ _id: 0, name: 1, type: 1, choices: 1 })
        .sort({ _id: 1 })
        .toArray();
      return { rules, strict: (await strict)?.strict_fields === true };
    },

    /** Adds a definition; the same `origin` returns the existing one. Atomic: one insert. */
    add: async (account: number, fields: NewField, origin?: string): Promise<CustomField | 'taken' | 'too_many'> => {
      if ((await rows.countDocuments({ account })) >= MAX_FIELDS) return 'too_many';
      const at = now();
      const _id = await ids.block('fields');
      const row: CustomField = { _id, account, ...fields, created_at: at, updated_at: at, ...(origin && { origin }) };
      return addUnlessTaken(rows, row);
    },

    /** Atomic: one update. Attributes of subscribers stay as they are. */
    change: async (account: number, id: number, change: FieldChange): Promise<Owned<CustomField>> => {
      const set = { $set: { ...change, updated_at: now() } };
      const row = await rows.findOneAndUpdate({ _id: id, account }, set, { returnDocument: 'after' });
      return row ?? explainNoMatch(rows, account, id);
    },

    /** Atomic: one delete. Attributes of subscribers stay. */
    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },
  };
}

/** Names of the attributes that the account has defined. */
export async function definedNames({ db }: Store, account: number): Promise<string[]> {
  const found = db.collection<CustomField>('fields').find({ account }).project<FieldRule>({ _id: 0, name: 1 });
  return (await found.toArray()).map(({ name }) => name);
}
