import { now } from '../clock.js';
import { BAD_DOMAIN_HOURS } from '../domain/bad-domain.js';
import type { Store } from './connect.js';

/** A domain that takes no mail, as an account's own mail server has found. */
interface BadDomain {
  /** `<account>:<domain>` */
  readonly _id: string;
  readonly account: number;
  /** What was answered, addresses scrubbed. */
  readonly reply: string | null;
  readonly at: Date;
}

/** What nobody needs to be asked about again for a day. Of each account alone: another one's server may see another DNS. */
export function badDomains({ db }: Store) {
  const rows = db.collection<BadDomain>('bad_domains');
  return {
    /** Remembers a domain for a day from the first time on. Atomic: one upsert. */
    noteBadDomain: async (account: number, domain: string, reply: string | null, at: Date): Promise<void> => {
      await rows.updateOne({ _id: `${account}:${domain}` }, { $setOnInsert: { account, reply, at } }, { upsert: true });
    },

    /** Those of the domains that are known to take no mail, and what was said. One read; as old as its answer. */
    badAmong: async (account: number, domains: readonly string[]): Promise<ReadonlyMap<string, string | null>> => {
      if (domains.length === 0) return new Map();
      const since = new Date(now().getTime() - BAD_DOMAIN_HOURS * 3_600_000);
      const prefix = `${account}:`;
      const ids = [...new Set(domains)].map((domain) => prefix + domain);
      const found = await rows.find({ _id: { $in: ids }, account, at: { $gt: since } }).toArray();
      return new Map(found.map(({ _id, reply }) => [_id.slice(prefix.length), reply]));
    },

    /** It may be asked again at once. Atomic: one delete. */
    forgetBadDomain: async (account: number, domain: string): Promise<void> => {
      await rows.deleteOne({ _id: `${account}:${domain}`, account });
    },
  };
}
