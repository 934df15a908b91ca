import { Resolver } from 'node:dns/promises';

type DnsAnswer<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  /** The name does not exist, or has no record of this type. */
  | { readonly kind: 'none' }
  /** No authoritative answer; the record may or may not exist. */
  | { readonly kind: 'unreachable'; readonly why: string };

interface MailExchange {
  readonly exchange: string;
  readonly priority: number;
}

/** The DNS queries that the checks of a domain need. */
export interface Lookup {
  /** Each record with its character strings joined (RFC 7208 §3.3). */
  txt(name: string): Promise<DnsAnswer<string>>;
  mx(name: string): Promise<DnsAnswer<MailExchange>>;
}

export interface LookupOptions {
  /** Addresses such as `192.0.2.53` or `127.0.0.1:5353`; without any, those of the system. */
  readonly servers?: readonly string[];
  /** Milliseconds for the first try of a server; the second try has twice as long (2,000). */
  readonly timeout?: number;
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);
/** A longer chain of aliases is a loop. */
const LONGEST_CHAIN = 8;

/** Queries name servers directly, without the hosts file and without a cache. */
export function dnsLookup({ servers = [], timeout = 2_000 }: LookupOptions = {}): Lookup {
  const resolver = new Resolver({ timeout, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    txt: async (name) => {
      const answer = await resolveThroughAliases(resolver, name, (at) => resolver.resolveTxt(at));
      return answer.kind === 'found'
        ? { ...answer, records: answer.records.map((strings) => strings.join('')) }
        : answer;
    },
    mx: (name) => resolveThroughAliases(resolver, name, (at) => resolver.resolveMx(at)),
  };
}

/** A server that does not follow CNAMEs answers with the alias alone: the next name is then queried here. */
async function resolveThroughAliases<T>(
  resolver: Resolver,
  name: string,
  resolve: (name: string) => Promise<T[]>,
): Promise<DnsAnswer<T>> {
  let at = name;
  for (let hops = 0; hops < LONGEST_CHAIN; hops += 1) {
    const answer = await query(() => resolve(at));
    if (answer.kind !== 'none') return answer;
    const alias = await query(() => resolver.resolveCname(at));
    if (alias.kind !== 'found') return alias;
    const [next] = alias.records;
    if (next === undefined) return { kind: 'none' };
    at = next;
  }
  return { kind: 'unreachable', why: 'ECNAMELOOP' };
}

async function query<T>(resolve: () => Promise<T[]>): Promise<DnsAnswer<T>> {
  try {
    const records = await resolve();
    return records.length === 0 ? { kind: 'none' } : { kind: 'found', records };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
    return ABSENT.has(why) ? { kind: 'none' } : { kind: 'unreachable', why };
  }
}
