/** Days are whole, mistakes in somebody's DNS are not: for so long a domain that takes no mail is not asked again. */
export const BAD_DOMAIN_HOURS = 24;

export const BAD_DOMAIN = 'bad_domain';

/** Stands in place of the rule where a recipient was answered by what another one's mail had taught. */
export const REMEMBERED = 'remembered';

/** The domain of an address's identity. */
export function domainOf(emailKey: string): string {
  return emailKey.slice(emailKey.lastIndexOf('@') + 1);
}
