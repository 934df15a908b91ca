/**
 * Errors in a domain's DNS are corrected within hours: for so long a domain that accepts no mail is not tried again.
 */
export const BAD_DOMAIN_HOURS = 24;

export const BAD_DOMAIN = 'bad_domain';

/** Stored in place of the rule if the refusal of another recipient's mail decided. */
export const KNOWN_BAD_DOMAIN = 'known_bad_domain';

/** The last refusal of a domain that accepts no mail. */
export interface BadDomainRefusal {
  /** The reply, addresses scrubbed. */
  readonly reply: string | null;
  readonly at: Date;
}

/**
 * What a known bad domain means for one recipient. The refusal of another recipient's mail does not fail a recipient at
 * once: the recipient is deferred, and fails only if the domain has refused again `since` then; otherwise the mail is
 * attempted.
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
