import { latestCheck } from '../../../domain/sender-domain.js';
import { checkDkim, checkDmarc, checkReturnPath, checkSpf, dkimName } from '../../../mail/dns/checks.js';
import type { Lookup } from '../../../mail/dns/lookup.js';
import type { DnsFindings, DomainKey, SenderDomain } from '../../../store/domains/domains.js';

/** Checks every record of a domain; without an answer from its name servers the last result stays. */
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

/** Retired keys are not checked. */
async function checkKey(lookup: Lookup, domain: string, key: DomainKey): Promise<DomainKey> {
  if (key.use === 'retired') return key;
  return { ...key, check: latestCheck(key.check, await checkDkim(lookup, dkimName(key.selector, domain), key)) };
}
