import type { Filter } from 'mongodb';
import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';

/** The author of a change: a key, of the account or of its agency, or a user of the command line. */
type Actor = { readonly kind: 'key'; readonly key: number; readonly account: number } | { readonly kind: 'cli' };

/** One change of keys or of an account, recorded before the change is made, so that a crash leaves no change unrecorded. */
export interface AuditEntry {
  readonly _id: number;
  readonly account: number;
  readonly at: Date;
  readonly action: string;
  readonly by: Actor;
  /** IP address of the request. */
  readonly address: string | null;
  /** Id of the changed resource. */
  readonly target: string | null;
  /** Names of the fields in the request, never their values. */
  readonly fields: readonly string[];
  /** `in_doubt`: the change was started, and the process ended before it recorded the outcome. */
  readonly outcome: 'done' | 'in_doubt';
}

export type NewEntry = Pick<AuditEntry, 'action' | 'by' | 'address' | 'target' | 'fields'>;

export interface AuditQuery {
  readonly action?: string | undefined;
  readonly key?: number | undefined;
  /** Id of the last entry of the previous page. */
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
    /** Records a change before it is made; in doubt until `done` or `drop`. Atomic: one insert. */
    begin,
    /** The change was made; `target` where it was unknown before. Atomic: one update. */
    done,
    /** The change was refused: deletes the entry. Atomic: one delete. */
    drop,

    /** Runs the work between `begin` and `done`. If the work throws, the entry stays in doubt. */
    around: async <T>(account: number, entry: NewEntry, work: () => Promise<T>): Promise<T> => {
      const id = await begin(account, entry);
      const result = await work();
      await done(account, id, null);
      return result;
    },

    /** Newest first. */
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
