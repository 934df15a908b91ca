import type { Config } from '../config.js';
import { parseMailbox } from '../mail/address.js';
import type { Domains } from '../store/domains/domains.js';

/** Where reports about mail from an address come to; null: to that address. */
export type BounceDomainOf = (account: number, from: string) => Promise<string | null>;

export interface BounceDomainDeps {
  readonly domains: Pick<Domains, 'bounceDomainOf'>;
  readonly config: Pick<Config, 'bounceDomain'>;
}

/** The sender's own bounce domain first, which DMARC can align with; then the installation's. */
export function bounceDomains({ domains, config }: BounceDomainDeps): BounceDomainOf {
  return async (account, from) => {
    const domain = parseMailbox(from)?.domain;
    const own = domain === undefined ? null : await domains.bounceDomainOf(account, domain);
    return own ?? config.bounceDomain ?? null;
  };
}
