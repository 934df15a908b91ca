import { latestCheck } from '../../../domain/sender-domain.js';
import { checkDkim, checkDmarc, checkReturnPath, dkimName } from '../../../mail/dns/checks.js';
import type { Lookup } from '../../../mail/dns/lookup.js';
import { checkSpf } from '../../../mail/dns/spf.js';
import type { DnsFindings, DomainKey, SenderDomain } from '../../../store/domains/domains.js';

/** Looks for every record of a domain; where no name server answers, what was known stands. */
export async function checkDomain(
  lookup: Lookup,
  row: SenderDomain,
  spfInclude: string | undefined,
): Promise<DnsFindings> {
  const { domain } = row;
  const [keys, spf, dmarc, returnPath] = await Promise.all([
    Promise.all(row.keys.map((key) => checkKey(lookup, domain, key))),
    checkSpf(lookup, domain, spfInclude),
    checkDmarc(lookup, domain),
    checkReturnPath(lookup, domain),
  ]);
  return {
    keys,
    spf: latestCheck(row.spf, spf),
    dmarc: latestCheck(row.dmarc, dmarc),
    return_path: latestCheck(row.return_path, returnPath),
  };
}

/** A retired key is nobody's business any more. */
async function checkKey(lookup: Lookup, domain: string, key: DomainKey): Promise<DomainKey> {
  if (key.use === 'retired') return key;
  return { ...key, check: latestCheck(key.check, await checkDkim(lookup, dkimName(key.selector, domain), key)) };
}
