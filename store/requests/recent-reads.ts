import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ChangeStream } from 'mongodb';
import type { Accounts } from '../accounts/accounts.js';
import type { Domains } from '../domains/domains.js';
import type { Keys } from '../keys/keys.js';
import type { Store } from '../mongo/connect.js';
import type { Templates } from '../templates/templates.js';

interface SharedStores {
  readonly accounts: Accounts;
  readonly domains: Domains;
  readonly keys: Keys;
  readonly templates: Templates;
}

export interface RecentReads {
  /** The stores, whose reads may be a moment old where every message needs them. */
  readonly stores: SharedStores;
  /** Drops every kept read, also those that are under way. */
  forget(): void;
  /** Drops kept reads when any process changes a row; returns the function that ends it. */
  watch(): () => Promise<void>;
}

/** Milliseconds for which a read is kept: a revoked key is refused by every process after this time at the latest. */
const READS_KEPT_FOR = 1_000;

const MAX_READS = 5_000;
const REOPEN_AFTER = 1_000;

/** Keeps reads that many requests share, for at most `keptFor` milliseconds from their begin; 0 keeps none. */
export function recentReads(store: Store, stores: SharedStores, keptFor = READS_KEPT_FOR): RecentReads {
  if (keptFor === 0) return { stores, forget: () => {}, watch: () => async () => {} };
  const kept = new LRUCache<string, Promise<unknown>>({ max: MAX_READS, ttl: keptFor });
  const read = <T>(name: string, load: () => Promise<T>): Promise<T> => {
    const known = kept.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const loaded = load();
    kept.set(name, loaded);
    const drop = () => {
      if (kept.peek(name) === loaded) kept.delete(name);
    };
    loaded.then((found) => isKept(found) || drop(), drop);
    return loaded;
  };
  const forget = () => kept.clear();
  return { stores: readingThrough(read, stores), forget, watch: () => watchChanges(store, forget) };
}

/** What does not exist is looked up again: another process may have just created it. */
function isKept(found: unknown): boolean {
  return found === true || (typeof found === 'object' && found !== null);
}

type Read = <T>(name: string, load: () => Promise<T>) => Promise<T>;

function readingThrough(read: Read, { accounts, domains, keys, templates }: SharedStores): SharedStores {
  return {
    accounts: {
      ...accounts,
      find: (account) => read(`account ${account}`, () => accounts.find(account)),
      settings: (account) => read(`settings ${account}`, () => accounts.settings(account)),
      status: (account) => read(`status ${account}`, () => accounts.status(account)),
    },
    domains: {
      ...domains,
      verifiedFor: (account, domain) => read(`domain ${account} ${domain}`, () => domains.verifiedFor(account, domain)),
    },
    keys: {
      ...keys,
      findBySecret: (secret) => read(`key ${hash('sha256', secret, 'base64')}`, () => keys.findBySecret(secret)),
    },
    templates: {
      ...templates,
      find: (account, id) => read(`template ${account} ${id}`, () => templates.find(account, id)),
      findByIdentifier: (account, identifier) =>
        read(`template ${account} named ${identifier}`, () => templates.findByIdentifier(account, identifier)),
      version: (account, id, version) =>
        read(`template ${account} ${id} v${version}`, () => templates.version(account, id, version)),
    },
  };
}

/** Versions of templates never change. */
const WATCHED = ['accounts', 'domains', 'keys', 'templates'];

/** A change that no request depends on: a key's time of last use. */
const USE_RECORDED = 'updateDescription.updatedFields.last_used_at';

/** While the stream is broken, reads are kept for their time. */
function watchChanges({ db }: Store, forget: () => void): () => Promise<void> {
  let stream: ChangeStream | undefined;
  let reopening: NodeJS.Timeout | undefined;
  let closed = false;
  const open = (): void => {
    const only = { 'ns.coll': { $in: WATCHED }, [USE_RECORDED]: { $exists: false } };
    const opened = db.watch([{ $match: only }, { $project: { operationType: 1 } }]);
    stream = opened;
    opened.on('change', forget);
    opened.on('error', () => {
      if (stream !== opened || closed) return;
      stream = undefined;
      forget();
      void opened.close().catch(() => undefined);
      reopening = setTimeout(open, REOPEN_AFTER).unref();
    });
  };
  open();
  return async () => {
    closed = true;
    clearTimeout(reopening);
    await stream?.close().catch(() => undefined);
  };
}
