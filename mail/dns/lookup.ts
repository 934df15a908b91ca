import { Resolver } from 'node:dns/promises';

type DnsAnswer<T> =
  | { readonly kind: 'found'; readonly records: readonly T[] }
  /** The name does not exist, or has no record of this type. */
  | { readonly kind: 'none' }
  /** Nobody who knows answered: nothing is said about the record. */
  | { readonly kind: 'unreachable'; readonly why: string };

interface MailExchange {
  readonly exchange: string;
  readonly priority: number;
}

/** The DNS as the checks of a domain need it. */
export interface Lookup {
  /** Each record with its character strings joined (RFC 7208 §3.3). */
  txt(name: string): Promise<DnsAnswer<string>>;
  mx(name: string): Promise<DnsAnswer<MailExchange>>;
}

export interface LookupOptions {
  /** Addresses such as `192.0.2.53` or `127.0.0.1:5353`; none: those of the system. */
  readonly servers?: readonly string[];
  /** Milliseconds for the first try of a server; the second one gets twice as long (2,000). */
  readonly timeout?: number;
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);
/** A chain this long is a loop. */
const LONGEST_CHAIN = 8;

/** Asks real name servers, past the hosts file and past any cache of ours. */
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

/** A server that does not follow CNAMEs itself answers with the alias alone: then the next name is asked for here. */
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
