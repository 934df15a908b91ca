import { now } from '../../clock.js';
import { BAD_DOMAIN_HOURS, type BadDomainRefusal, dayOf } from '../../domain/delivery/suppression.js';
import type { Store } from '../mongo/connect.js';
import { sharedLookup } from './shared-lookup.js';
import { suppressionId } from './suppression-id.js';

/** A domain that accepts no mail, as an account's own mail server has reported. */
interface BadDomain extends BadDomainRefusal {
  /** `<account>:<domain>` */
  readonly _id: string;
  readonly account: number;
}

/**
 * Domains that accept no mail, stored for a day after the last refusal. Stored per account, because another account's
 * server may use another DNS.
 */
export function badDomains({ db }: Store) {
  const rows = db.collection<BadDomain>('bad_domains');
  const lookup = sharedLookup(rows);
  return {
    /** Stores a domain for a day after its last refusal. Atomic: one upsert. */
    recordBadDomain: async (account: number, domain: string, reply: string | null, at: Date): Promise<void> => {
      await rows.updateOne(
        { _id: `${account}:${domain}` },
        { $set: { reply }, $max: { at }, $setOnInsert: { account } },
        { upsert: true },
      );
    },

    /** The domains known to accept no mail, with their last refusal. One read, shared by concurrent calls; as old as its answer. */
    badDomainsAmong: async (
      account: number,
      domains: readonly string[],
    ): Promise<ReadonlyMap<string, BadDomainRefusal>> => {
      if (domains.length === 0) return new Map();
      const since = new Date(now().getTime() - BAD_DOMAIN_HOURS * 3_600_000);
      const prefix = `${account}:`;
      const ids = [...new Set(domains)].map((domain) => prefix + domain);
      const found = (await lookup(account, ids)).filter(({ at }) => at > since);
      return new Map(found.map(({ _id, reply, at }) => [_id.slice(prefix.length), { reply, at }]));
    },

    /** Deletes a domain: the next mail to it is attempted at once. Atomic: one delete. */
    deleteBadDomain: async (account: number, domain: string): Promise<void> => {
      await rows.deleteOne({ _id: `${account}:${domain}`, account });
    },
  };
}

/**
 * The first soft bounce of an address on one day, by class. Contains a hash of the address and no other personal data.
 */
interface SoftBounce {
  /** `<hash of account and address>:<class>:<day>`: retries on one day share a row. */
  readonly _id: string;
  readonly account: number;
  readonly at: Date;
}

/** Soft bounces of addresses, one row for each day. */
export function softBounces({ db }: Store) {
  const rows = db.collection<SoftBounce>('soft_bounces');
  return {
    /** Counts a soft bounce and returns the times of all stored ones. Atomic: one upsert; the first of a day stays. */
    recordSoftBounce: async (account: number, emailKey: string, reason: string, at: Date): Promise<Date[]> => {
      const prefix = `${suppressionId(account, emailKey)}:${reason}:`;
      await rows.updateOne({ _id: `${prefix}${dayOf(at)}` }, { $setOnInsert: { account, at } }, { upsert: true });
      const known = await rows.find({ _id: { $gte: prefix, $lt: `${prefix}~` }, account }).toArray();
      return known.map((row) => row.at);
    },

    /** Deletes every soft bounce of an address. Repeatable. */
    deleteSoftBounces: async (account: number, emailKey: string): Promise<void> => {
      const id = suppressionId(account, emailKey);
      await rows.deleteMany({ _id: { $gte: `${id}:`, $lt: `${id}:~` }, account });
    },
  };
}
