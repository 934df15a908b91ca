import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { sharedLookup } from './shared-lookup.js';
import { suppressionId } from './suppression-id.js';

/** A recipient who opted out of the mail sent with one API key and its successors. The address is stored as a hash. */
interface OptOut {
  /** `<key>:<hash of account and address>` */
  readonly _id: string;
  readonly account: number;
  /** The first key of its lineage, so that a rotation changes nothing. */
  readonly key: number;
  readonly created_at: Date;
}

export type OptOuts = ReturnType<typeof optOuts>;

export function optOuts({ db }: Store) {
  const rows = db.collection<OptOut>('opt_outs');
  const lookup = sharedLookup(rows);
  const idOf = (account: number, key: number, emailKey: string) => `${key}:${suppressionId(account, emailKey)}`;
  return {
    /** Repeating it changes nothing. Atomic: one upsert. */
    add: async (account: number, key: number, emailKey: string): Promise<void> => {
      const _id = idOf(account, key, emailKey);
      await rows.updateOne({ _id, account }, { $setOnInsert: { key, created_at: now() } }, { upsert: true });
    },

    /** The addresses that have opted out of the mail of this key. One read, shared by concurrent calls; as old as its answer. */
    among: async (account: number, key: number, emailKeys: readonly string[]): Promise<Set<string>> => {
      const byId = new Map(emailKeys.map((one) => [idOf(account, key, one), one]));
      const found = await lookup(account, [...byId.keys()]);
      return new Set(found.flatMap(({ _id }) => byId.get(_id) ?? []));
    },
  };
}
