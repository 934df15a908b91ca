import { now } from '../../clock.js';
import { BAD_DOMAIN_HOURS, type BadDomainRefusal } from '../../domain/delivery/bad-domain.js';
import type { Store } from '../mongo/connect.js';

/** A domain that takes no mail, as an account's own mail server has found. */
interface BadDomain extends BadDomainRefusal {
  /** `<account>:<domain>` */
  readonly _id: string;
  readonly account: number;
}

/** What nobody needs to be asked about again for a day. Of each account alone: another one's server may see another DNS. */
export function badDomains({ db }: Store) {
  const rows = db.collection<BadDomain>('bad_domains');
  return {
    /** Remembers a domain for a day from the last time on that it was asked. Atomic: one upsert. */
    recordBadDomain: async (account: number, domain: string, reply: string | null, at: Date): Promise<void> => {
      await rows.updateOne(
        { _id: `${account}:${domain}` },
        { $set: { reply }, $max: { at }, $setOnInsert: { account } },
        { upsert: true },
      );
    },

    /** Those of the domains that are known to take no mail, and what was said. One read; as old as its answer. */
    badDomainsAmong: async (
      account: number,
      domains: readonly string[],
    ): Promise<ReadonlyMap<string, BadDomainRefusal>> => {
      if (domains.length === 0) return new Map();
      const since = new Date(now().getTime() - BAD_DOMAIN_HOURS * 3_600_000);
      const prefix = `${account}:`;
      const ids = [...new Set(domains)].map((domain) => prefix + domain);
      const found = await rows.find({ _id: { $in: ids }, account, at: { $gt: since } }).toArray();
      return new Map(found.map(({ _id, reply, at }) => [_id.slice(prefix.length), { reply, at }]));
    },

    /** It may be asked again at once. Atomic: one delete. */
    deleteBadDomain: async (account: number, domain: string): Promise<void> => {
      await rows.deleteOne({ _id: `${account}:${domain}`, account });
    },
  };
}
