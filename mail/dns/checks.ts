import {
  checkDkimRecord,
  checkDmarcRecord,
  type DkimAlgorithm,
  domainsAbove,
  isDmarc,
  type NoDnsAnswer,
  noDnsAnswer,
  type RecordCheck,
  UNCHECKED,
} from '../../domain/sender-domain.js';
import type { Lookup } from './lookup.js';

/** The name under which the public half of a key is published. */
export function dkimName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

export async function checkDkim(
  lookup: Lookup,
  name: string,
  { algorithm, public_key }: { readonly algorithm: DkimAlgorithm; readonly public_key: string },
): Promise<RecordCheck | NoDnsAnswer> {
  const answer = await lookup.txt(name);
  if (answer.kind === 'unreachable') return noDnsAnswer(answer.why);
  const records = answer.kind === 'none' ? [] : answer.records;
  return checkDkimRecord(records, algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519', public_key);
}

/** The policy that applies to the domain: its own, or that of the nearest parent domain. */
export async function checkDmarc(lookup: Lookup, domain: string): Promise<RecordCheck | NoDnsAnswer> {
  for (const above of domainsAbove(domain)) {
    const answer = await lookup.txt(`_dmarc.${above}`);
    if (answer.kind === 'unreachable') return noDnsAnswer(answer.why);
    const records = answer.kind === 'none' ? [] : answer.records.filter(isDmarc);
    if (records.length === 0) continue;
    const check = checkDmarcRecord(records);
    return above === domain || check.note !== null ? check : { ...check, note: `Published at _dmarc.${above}.` };
  }
  return UNCHECKED;
}

/** Bounces go to the sender's own domain, so the domain must accept mail. */
export async function checkReturnPath(lookup: Lookup, domain: string): Promise<RecordCheck | NoDnsAnswer> {
  const answer = await lookup.mx(domain);
  if (answer.kind === 'unreachable') return noDnsAnswer(answer.why);
  if (answer.kind === 'none') return UNCHECKED;
  const [first] = [...answer.records].sort((a, b) => a.priority - b.priority);
  const found = first === undefined ? null : `${first.priority} ${first.exchange || '.'}`;
  // RFC 7505: the domain accepts no mail, and many receivers refuse mail from such a domain.
  if (first?.exchange === '' || first?.exchange === '.') {
    return { state: 'wrong', found, note: 'The domain says that it takes no mail, not even bounces.' };
  }
  return { state: 'ok', found, note: null };
}
