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

/** RFC 7208 §4.6.4: terms that query the DNS; an eleventh fails the whole record. */
const MAX_LOOKUPS = 10;
const LOOKUP_TERM = /^[+?~-]?(?:include:|redirect=|a(?:[:/]|$)|mx(?:[:/]|$)|ptr(?::|$)|exists:)/i;
const INCLUDE_TERM = /^[+?~-]?(?:include:|redirect=)(.+)$/i;

interface SpfEvaluation {
  lookups: number;
  readonly included: Set<string>;
}

type Fault = RecordCheck | NoDnsAnswer;

/**
 * Whether the domain has one valid SPF record with at most ten look-ups, counted through all includes, and whether the
 * record includes `include`, if given: the name that lists the sending servers.
 */
export async function checkSpf(lookup: Lookup, domain: string, include?: string): Promise<RecordCheck | NoDnsAnswer> {
  const records = await spfOf(lookup, domain);
  if ('state' in records) return records;
  const [found] = records;
  if (found === undefined) return UNCHECKED;
  const evaluation: SpfEvaluation = { lookups: 0, included: new Set() };
  const fault = records.length > 1 ? multipleRecords(domain) : await followTerms(lookup, found, evaluation);
  if (fault !== undefined) return fault.state === 'unknown' ? fault : { ...fault, found };
  if (include !== undefined && !evaluation.included.has(include.toLowerCase())) {
    return { state: 'wrong', found, note: `The record does not include ${include}.` };
  }
  return { state: 'ok', found, note: `${evaluation.lookups} of ${MAX_LOOKUPS} look-ups.` };
}

async function spfOf(lookup: Lookup, domain: string): Promise<readonly string[] | NoDnsAnswer> {
  const answer = await lookup.txt(domain);
  if (answer.kind === 'unreachable') return noDnsAnswer(answer.why);
  return answer.kind === 'none' ? [] : answer.records.filter((record) => /^v=spf1(?: |$)/i.test(record));
}

/** Counts the terms of a record and of its includes. Returns the fault, if any. */
async function followTerms(lookup: Lookup, record: string, evaluation: SpfEvaluation): Promise<Fault | undefined> {
  for (const term of record.split(/ +/).slice(1)) {
    if (!LOOKUP_TERM.test(term)) continue;
    evaluation.lookups += 1;
    if (evaluation.lookups > MAX_LOOKUPS) return wrong(`The record needs more than ${MAX_LOOKUPS} look-ups.`);
    const next = INCLUDE_TERM.exec(term)?.[1]?.toLowerCase();
    // A macro names another domain for each mail (RFC 7208 §7).
    const fault = next === undefined || next.includes('%') ? undefined : await followInto(lookup, next, evaluation);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function followInto(lookup: Lookup, domain: string, evaluation: SpfEvaluation): Promise<Fault | undefined> {
  evaluation.included.add(domain);
  const records = await spfOf(lookup, domain);
  if ('state' in records) return records;
  const [record] = records;
  if (record === undefined) return wrong(`${domain} is included and has no SPF record.`);
  return records.length > 1 ? multipleRecords(domain) : followTerms(lookup, record, evaluation);
}

function multipleRecords(domain: string): RecordCheck {
  return wrong(`${domain} has more than one SPF record; leave one.`);
}

function wrong(note: string): RecordCheck {
  return { state: 'wrong', found: null, note };
}
