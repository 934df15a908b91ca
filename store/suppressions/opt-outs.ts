import { now } from '../../clock.js';
import type { Store } from '../mongo/connect.js';
import { suppressionId } from './suppression-id.js';

/** Somebody who wants no more of the mails that are sent with one API key, or with those that follow it. The address is kept as a hash. */
interface OptOut {
  /** `<key>:<account and hash of the address>` */
  readonly _id: string;
  readonly account: number;
  /** The first of its lineage: an exchange of the key changes nothing. */
  readonly key: number;
  readonly created_at: Date;
}

export type OptOuts = ReturnType<typeof optOuts>;

export function optOuts({ db }: Store) {
  const rows = db.collection<OptOut>('opt_outs');
  const idOf = (account: number, key: number, emailKey: string) => `${key}:${suppressionId(account, emailKey)}`;
  return {
    /** Repeating it changes nothing. Atomic: one upsert. */
    add: async (account: number, key: number, emailKey: string): Promise<void> => {
      const _id = idOf(account, key, emailKey);
      await rows.updateOne({ _id, account }, { $setOnInsert: { key, created_at: now() } }, { upsert: true });
    },

    /** Those of the addresses that want none of the mails of this key. One read; as old as its answer. */
    among: async (account: number, key: number, emailKeys: readonly string[]): Promise<Set<string>> => {
      const byId = new Map(emailKeys.map((one) => [idOf(account, key, one), one]));
      const found = await rows.find({ _id: { $in: [...byId.keys()] }, account }).toArray();
      return new Set(found.flatMap(({ _id }) => byId.get(_id) ?? []));
    },
  };
}
