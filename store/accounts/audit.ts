import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';

/** Who has changed something: a key, perhaps of the account's agency, or whoever may use the command line. */
type Actor = { readonly kind: 'key'; readonly key: number; readonly account: number } | { readonly kind: 'cli' };

/** One change of keys or of an account. It is written before the change, so that no change goes unwritten. */
export interface AuditEntry {
  readonly _id: number;
  readonly account: number;
  readonly at: Date;
  readonly action: string;
  readonly by: Actor;
  /** From which address. */
  readonly address: string | null;
  /** Id of what was changed. */
  readonly target: string | null;
  /** Which fields were named; never what they were set to. */
  readonly fields: readonly string[];
  /** `in_doubt`: it was begun, and the process ended before it could say what came of it. */
  readonly outcome: 'done' | 'in_doubt';
}

export type NewEntry = Pick<AuditEntry, 'action' | 'by' | 'address' | 'target' | 'fields'>;

export interface AuditQuery {
  readonly action?: string | undefined;
  readonly key?: number | undefined;
  /** The last entry of the page before. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export function audit(store: Store) {
  const rows = store.db.collection<AuditEntry>('audit');
  const ids = counters(store);

  const begin = async (account: number, entry: NewEntry): Promise<number> => {
    const _id = await ids.block('audit');
    await rows.insertOne({ _id, account, at: now(), ...entry, outcome: 'in_doubt' });
    return _id;
  };
  const done = async (account: number, id: number, target: string | null): Promise<void> => {
    const named = target === null ? {} : { target };
    await rows.updateOne({ _id: id, account }, { $set: { outcome: 'done' as const, ...named } });
  };
  const drop = async (account: number, id: number): Promise<void> => {
    await rows.deleteOne({ _id: id, account, outcome: 'in_doubt' });
  };

  return {
    /** Writes down what is about to be done; in doubt until `done` or `drop`. Atomic: one insert. */
    begin,
    /** It was done; `target` where it was not known before. Atomic: one update. */
    done,
    /** It was refused: nothing has changed. Atomic: one delete. */
    drop,

    /** Does the work between the two. Work that throws stays in doubt. */
    around: async <T>(account: number, entry: NewEntry, work: () => Promise<T>): Promise<T> => {
      const id = await begin(account, entry);
      const result = await work();
      await done(account, id, null);
      return result;
    },

    /** The newest first. */
    page: (account: number, { action, key, after, limit }: AuditQuery): Promise<AuditEntry[]> => {
      const filter: Filter<AuditEntry> = {
        account,
        ...(after !== undefined && { _id: { $lt: after } }),
        ...(action !== undefined && { action }),
        ...(key !== undefined && { 'by.key': key }),
      };
      return rows.find(filter).sort({ _id: -1 }).limit(limit).toArray();
    },
  };
}
