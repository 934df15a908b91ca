/** Days are whole, mistakes in somebody's DNS are not: for so long a domain that takes no mail is not asked again. */
export const BAD_DOMAIN_HOURS = 24;

export const BAD_DOMAIN = 'bad_domain';

/** Stands in place of the rule where a recipient was answered by what another one's mail had taught. */
export const KNOWN_BAD_DOMAIN = 'known_bad_domain';

/** What is known of a domain that takes no mail: the last refusal of a mail of ours there. */
export interface BadDomainRefusal {
  /** What was answered, addresses scrubbed. */
  readonly reply: string | null;
  readonly at: Date;
}

/**
 * What the memory means for one recipient. By a refusal of somebody else's mail nobody is given up: they wait once, and are
 * failed only where the domain was asked again `since` then and refused again; else they ask for themselves.
 */
export function decideForBadDomain(
  refusal: BadDomainRefusal,
  since: Date | undefined,
): 'deferred' | 'failed' | 'attempt' {
  if (since === undefined) return 'deferred';
  return refusal.at >= since ? 'failed' : 'attempt';
}

/** The domain of an address's identity. */
export function domainOf(emailKey: string): string {
  return emailKey.slice(emailKey.lastIndexOf('@') + 1);
}
