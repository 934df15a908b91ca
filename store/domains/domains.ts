import type { Collection, Filter } from 'mongodb';
import { now } from '../../clock.js';
import {
  type DkimAlgorithm,
  type DkimKeyStatus,
  isPublished,
  promoteNextKeys,
  type RecordCheck,
  signingKeys,
  UNCHECKED,
} from '../../domain/sender-domain.js';
import type { Store } from '../mongo/connect.js';
import { counters } from '../mongo/counters.js';
import { addUnlessTaken, isDuplicateKey } from '../mongo/duplicate-key.js';
import { explainNoMatch, findOwned, type Owned } from '../mongo/ownership.js';
import { addWithinCapacity } from '../quotas/capacity.js';
import { type Sealed, type Sealing, sealing } from '../secrets/sealing.js';

export interface DomainKey extends DkimKeyStatus {
  readonly selector: string;
  /** The `p=` of its record. */
  readonly public_key: string;
  /** Null once retired: the key no longer signs. */
  readonly sealed: Sealed | null;
}

export interface SenderDomain {
  readonly _id: number;
  readonly account: number;
  /** A-label, lower-cased. */
  readonly domain: string;
  readonly keys: readonly DomainKey[];
  readonly spf: RecordCheck;
  readonly dmarc: RecordCheck;
  readonly return_path: RecordCheck;
  /** Domain that receives delivery reports: the domain itself or one below it. */
  readonly bounce_domain?: string | null;
  readonly verified_at: Date | null;
  /** The domain while it is verified; unique over all accounts. */
  readonly claimed?: string;
  readonly checked_at: Date | null;
  /** Incremented by every write: of two concurrent writes the later one reads again. */
  readonly v: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The Idempotency-Key's claim that created the domain, so that a repeat after a crash finds it. */
  readonly origin?: string;
}

export interface NewDomainKey {
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** PKCS #8, DER. */
  readonly privateKey: Buffer;
  readonly publicKey: string;
}

/** The result of a DNS check for each record. */
export interface DnsFindings {
  readonly keys: readonly DomainKey[];
  readonly spf: RecordCheck;
  readonly dmarc: RecordCheck;
  readonly return_path: RecordCheck;
}

/** The unsealed keys of a sender's domain. */
export interface OpenKey extends NewDomainKey {
  readonly domain: string;
  /** Another value is published under the key's name. */
  readonly mismatched: boolean;
}

export type Domains = ReturnType<typeof domains>;

/** Sending domains; `secret` seals their private keys. */
export function domains(store: Store, secret: string) {
  const rows = store.db.collection<SenderDomain>('domains');
  const seals = sealing(secret, 'domains');
  const findDomain = sharedReads(rows);
  return {
    ...reading(rows),
    ...editing(store, rows, seals),
    ...checking(rows),
    ...signing(rows, seals, findDomain),
    ...bounceDomains(rows, findDomain),
  };
}

function reading(rows: Collection<SenderDomain>) {
  return {
    find: (account: number, id: number): Promise<Owned<SenderDomain>> => findOwned(rows, account, id),

    ofAccount: (account: number): Promise<SenderDomain[]> => rows.find({ account }).sort({ _id: 1 }).toArray(),
  };
}

function editing(store: Store, rows: Collection<SenderDomain>, seals: Sealing) {
  const ids = counters(store);
  return {
    /** Adds a domain; the same `origin` finds the one it created before. Atomic: one insert. */
    create: async (account: number, domain: string, keys: readonly NewDomainKey[], origin?: string) => {
      const row: SenderDomain = {
        ...{ _id: await ids.block('domains'), account, domain },
        keys: keys.map((key) => sealedKey(key, 'active', seals)),
        ...{ spf: UNCHECKED, dmarc: UNCHECKED, return_path: UNCHECKED },
        ...{ verified_at: null, checked_at: null, v: 0, created_at: now(), updated_at: now() },
        ...(origin !== undefined && { origin }),
      };
      const insert = () =>
        addWithinCapacity(store, 'senders', row, { domain }, (session) => rows.insertOne(row, session && { session }));
      const added = await addUnlessTaken(rows, row, insert);
      return added === 'taken' ? ('exists' as const) : added;
    },

    remove: async (account: number, id: number): Promise<'done' | 'missing' | 'foreign'> => {
      const { deletedCount } = await rows.deleteOne({ _id: id, account });
      return deletedCount === 1 ? 'done' : explainNoMatch(rows, account, id);
    },

    /**
     * Gives the domain new keys. Published old keys keep signing until the new records are seen; unpublished ones are replaced at
     * once. Atomic: one conditional write; null if the row was written meanwhile.
     */
    rotate: (seen: SenderDomain, keys: readonly NewDomainKey[]): Promise<SenderDomain | null> => {
      const waits = seen.verified_at !== null;
      const fresh = keys.map((key) => sealedKey(key, waits ? 'next' : 'active', seals));
      const kept = waits ? seen.keys.filter(({ use }) => use !== 'next') : [];
      return replace(rows, seen, { keys: [...kept, ...fresh] });
    },
  };
}

function checking(rows: Collection<SenderDomain>) {
  return {
    /** Stores the results of a check; null if the row was written meanwhile. Only one account can have a domain verified. */
    recordFindings: async (
      seen: SenderDomain,
      findings: DnsFindings,
    ): Promise<SenderDomain | null | 'claimed_elsewhere'> => {
      const keys = promoteNextKeys(findings.keys).map((key) =>
        key.use === 'retired' ? { ...key, sealed: null } : key,
      );
      const verified = isPublished(keys.filter(({ use }) => use === 'active'));
      const at = now();
      const { spf, dmarc, return_path } = findings;
      const verified_at = verified ? (seen.verified_at ?? at) : null;
      const found = { keys, spf, dmarc, return_path, checked_at: at, verified_at };
      try {
        return await replace(rows, seen, found, verified ? seen.domain : undefined);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return 'claimed_elsewhere';
      }
    },
  };
}

type FindDomain = (account: number, domain: string) => Promise<SenderDomain | null>;

/** Caches reads briefly: concurrent mails ask for the same keys and bounce domain. */
function sharedReads(rows: Collection<SenderDomain>): FindDomain {
  const open = new Map<string, ReturnType<FindDomain>>();
  return (account, domain) => {
    const name = `${account} ${domain}`;
    const answer = open.get(name) ?? rows.findOne({ account, domain }).finally(() => open.delete(name));
    open.set(name, answer);
    return answer;
  };
}

function signing(rows: Collection<SenderDomain>, seals: Sealing, findDomain: FindDomain) {
  return {
    /** Whether the account has verified the domain (lower-cased A-label). */
    verifiedFor: async (account: number, domain: string): Promise<boolean> => {
      const verified = { account, domain, verified_at: { $ne: null } };
      return (await rows.countDocuments(verified as Filter<SenderDomain>, { limit: 1 })) === 1;
    },

    /** The signing keys for mail from the domain, RSA first; empty where the account has not added it. */
    signersFor: async (account: number, domain: string): Promise<readonly OpenKey[]> => {
      const row = await findDomain(account, domain);
      return row === null ? [] : signingKeys(row.keys).map((key) => openKey(domain, key, seals));
    },
  };
}

function bounceDomains(rows: Collection<SenderDomain>, findDomain: FindDomain) {
  return {
    /** The bounce domain for mail from the domain (lower-cased A-label), if set. */
    bounceDomainOf: async (account: number, domain: string): Promise<string | null> =>
      (await findDomain(account, domain))?.bounce_domain ?? null,

    /** Sets the bounce domain; null removes it. Atomic: one update. */
    changeBounceDomain: async (account: number, id: number, bounce_domain: string | null) => {
      const change = { $set: { bounce_domain, updated_at: now() } };
      const row = await rows.findOneAndUpdate({ _id: id, account }, change, { returnDocument: 'after' });
      return row ?? explainNoMatch(rows, account, id);
    },
  };
}

function sealedKey(key: NewDomainKey, use: DomainKey['use'], seals: Sealing): DomainKey {
  const { selector, algorithm, publicKey, privateKey } = key;
  return { selector, algorithm, use, public_key: publicKey, sealed: seals.seal(privateKey), check: UNCHECKED };
}

/** A key that cannot be unsealed does not work: the probe reports it by name. */
function openKey(
  domain: string,
  { selector, algorithm, public_key, sealed, check }: DomainKey,
  seals: Sealing,
): OpenKey {
  const key = { domain, selector, algorithm, publicKey: public_key, mismatched: check.state === 'wrong' };
  try {
    return { ...key, privateKey: sealed === null ? Buffer.alloc(0) : seals.open(sealed) };
  } catch {
    return { ...key, privateKey: Buffer.alloc(0) };
  }
}

/** `claimed` changes only when the change says whether the domain is verified. */
function replace(
  rows: Collection<SenderDomain>,
  { _id, account, v }: SenderDomain,
  change: Partial<SenderDomain>,
  claimed?: string,
): Promise<SenderDomain | null> {
  const set = { ...change, v: v + 1, updated_at: now(), ...(claimed !== undefined && { claimed }) };
  const released = claimed === undefined && change.verified_at === null;
  return rows.findOneAndUpdate(
    { _id, account, v },
    { $set: set, ...(released && { $unset: { claimed: '' as const } }) },
    { returnDocument: 'after' },
  );
}
